"""Plots: `plots.plot_...` draws, `plots.save` adds the provenance and writes.

fig = plots.plot_run_confusion(run)
plots.save(fig, 13, plots.Provenance.of(run))"""

from mercore.plots.architecture import (
    draw_architecture,
)
from mercore.plots.comparisons import (
    plot_costs,
    plot_differences,
    plot_intervals,
    plot_recalls,
    plot_right_per_track,
    plot_votes,
)
from mercore.plots.data import (
    plot_class_counts,
    plot_comparison,
    plot_history,
    plot_split,
)
from mercore.plots.explain import (
    plot_listening,
)
from mercore.plots.provenance import (
    Provenance,
    catalogue,
    figure_name,
    is_blank,
    read_provenance,
    save,
    save_table,
    write_whole,
)
from mercore.plots.results import (
    annex_table,
    plot_accuracies,
    plot_confusion,
    plot_run_confusion,
)
from mercore.plots.songs import (
    plot_alike,
    plot_over_time,
    plot_song,
)
from mercore.plots.sound import (
    plot_augmentation,
    plot_mel_filters,
    plot_mel_spectrogram,
    plot_russell,
    plot_spectrogram,
    plot_waveform,
)
from mercore.plots.style import (
    add_caption,
    add_title,
    new_figure,
)

__all__ = [
    "Provenance",
    "add_caption",
    "add_title",
    "annex_table",
    "catalogue",
    "draw_architecture",
    "figure_name",
    "is_blank",
    "new_figure",
    "plot_accuracies",
    "plot_alike",
    "plot_augmentation",
    "plot_class_counts",
    "plot_comparison",
    "plot_confusion",
    "plot_costs",
    "plot_differences",
    "plot_history",
    "plot_intervals",
    "plot_listening",
    "plot_mel_filters",
    "plot_mel_spectrogram",
    "plot_over_time",
    "plot_recalls",
    "plot_right_per_track",
    "plot_run_confusion",
    "plot_russell",
    "plot_song",
    "plot_spectrogram",
    "plot_split",
    "plot_votes",
    "plot_waveform",
    "read_provenance",
    "save",
    "save_table",
    "write_whole",
]
