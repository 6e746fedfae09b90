"""Draw figures: `plot_...` draws one and returns it, `save` adds the provenance and writes it. All notebooks.

    plots.use_style()  # for what a notebook draws itself
    fig = plots.plot_run_confusion(run)
    plots.save(fig, 13, plots.Provenance.of(run))

Every `plot_...` returns a matplotlib `Figure`; one that draws a single axes takes `ax=`.
"""

from mercore.plots.architecture import plot_architecture
from mercore.plots.confusion import plot_confusion, plot_run_confusion
from mercore.plots.data import plot_class_counts, plot_histories, plot_history, plot_split
from mercore.plots.explain import plot_explanation
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
    plot_costs,
    plot_differences,
    plot_intervals,
    plot_recalls,
    plot_right_per_track,
    plot_votes,
)
from mercore.plots.songs import plot_over_time, plot_self_agreement, plot_song, plot_song_overview
from mercore.plots.sound import (
    plot_augmentation,
    plot_mel_filters,
    plot_mel_spectrogram,
    plot_russell,
    plot_spectrogram,
    plot_waveform,
)
from mercore.plots.style import add_caption, add_title, new_figure, use_style

__all__ = [
    "Provenance",
    "add_caption",
    "add_title",
    "annex_table",
    "catalogue",
    "figure_name",
    "is_blank",
    "new_figure",
    "plot_accuracies",
    "plot_architecture",
    "plot_augmentation",
    "plot_class_counts",
    "plot_confusion",
    "plot_costs",
    "plot_differences",
    "plot_explanation",
    "plot_histories",
    "plot_history",
    "plot_intervals",
    "plot_mel_filters",
    "plot_mel_spectrogram",
    "plot_over_time",
    "plot_recalls",
    "plot_right_per_track",
    "plot_run_confusion",
    "plot_russell",
    "plot_self_agreement",
    "plot_song",
    "plot_song_overview",
    "plot_spectrogram",
    "plot_split",
    "plot_votes",
    "plot_waveform",
    "read_provenance",
    "save",
    "save_table",
    "use_style",
    "write_whole",
]
