"""The command line, `python -m mercore COMMAND`: each command parses its words, calls one function and reports."""

import argparse
import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mercore import UserError, __version__

FOLDERS = ("MERCORE_DATA", "MERCORE_BUILD", "MERCORE_FIGURES")
NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)
# glibc reads these when a process starts, see mallopt(3): kernels and workers keep the memory that TensorFlow frees
# in every step instead of returning it to the system. tests/benchmarks/kept_memory.py measures what that saves.
ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TOP_PAD_": str(2**30)}

COMMANDS: dict[Callable, tuple] = {}  # function -> arguments
GROUPS = {"runs": "list, verify, draw, keep and repeat recorded trainings"}


def main(words: list[str] | None = None) -> int:
    """Run one command and return its exit status; a user's mistake is one line on stderr and status 2."""
    parser = build_parser()
    options, unknown = parser.parse_known_args(words)
    options.unknown = unknown
    if options.unknown and options.command is not lab:
        parser.error(f"unrecognized arguments: {' '.join(options.unknown)}")
    prepare_environment()
    try:
        return options.command(options) or 0
    except UserError as error:
        print(f"mercore: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        place = error.filename or "the output"
        print(f"mercore: {place}: {error.strerror}; free some disk space or choose another folder", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mercore: stopped; finished runs are kept and will be reused", file=sys.stderr)
        return 130


def prepare_environment() -> None:
    """Set what the processes that a command starts inherit."""
    for name in FOLDERS:
        if os.environ.get(name):  # the notebooks run in another folder
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    for name, value in ALLOCATOR.items():
        os.environ.setdefault(name, value)
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "20")  # a log needs few lines of a progress bar


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all COMMANDS: their names and docstrings; runs_list is the action "list" of "runs"."""
    parser = argparse.ArgumentParser(prog="python -m mercore", description="A workbook on music genre and mood.")
    parser.add_argument("--version", action="version", version=f"mercore {__version__}")
    top = parser.add_subparsers(required=True, metavar="COMMAND")
    groups = {"": top}
    for function, arguments in COMMANDS.items():
        group, _, word = function.__name__.rpartition("_")
        if group not in groups:
            groups[group] = top.add_parser(group, help=GROUPS[group]).add_subparsers(required=True, metavar="ACTION")
        text = (function.__doc__ or "").partition("\n")[0]
        command = groups[group].add_parser(word, help=text, description=text)
        for flags, settings in arguments:
            command.add_argument(*flags, **settings)
        command.set_defaults(command=function)
    return parser


def command(*arguments: tuple) -> Callable:
    """Register the decorated function as a command with these arguments."""

    def register(function: Callable) -> Callable:
        COMMANDS[function] = arguments
        return function

    return register


def arg(*flags: str, **settings) -> tuple:
    """Return arguments for `ArgumentParser.add_argument`."""
    return flags, settings


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within limits."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} isn't a whole number from {least:,} to {most:,}")
        return int(text)

    return parse


def list_of(parse: Callable) -> Callable[[str], list]:
    """Return a parser of values between commas."""
    return lambda text: [parse(word.strip()) for word in text.split(",") if word.strip()]


COUNT, SEED = whole_number(1, 10_000), whole_number(0, 2**32 - 1)
SETTINGS = arg(
    "settings",
    nargs="*",
    metavar="NAME=value",
    help="GENRE, MOOD (folders, or 'embedded'), PROFILE (smoke, quick, report), PROTOCOL (auto, artist, track, clip, "
    "fault_filtered, given), SEED, ONLY (notebook numbers: 03,07), SONG_1, SONG_2 (audio files), FRESH=1",
)
CORPUS = (
    arg("corpus", help="a folder, or 'embedded'"),
    arg("--task", choices=("genre", "mood"), required=True),
    arg("--networks", type=list_of(str), default=(), metavar="A,B", help="default: all"),
    arg("--profile", default="quick", help="smoke, quick (default), report or tuned"),
    arg("--cluster", metavar="tcp://HOST:PORT", help="a Dask scheduler whose workers do it"),
)


@command(SETTINGS)
def figures(options) -> None:
    """Run the notebooks and draw every figure."""
    from mercore import workbook

    workbook.run(options.settings)


@command(SETTINGS)
def book(options) -> None:
    """Write the executed notebooks as a site in build/book; runs those that haven't been run."""
    from mercore.workbook import book

    print(book.make(options.settings))


@command(arg("run", help="the run's folder below build/"))
def publish(options) -> None:
    """Copy a run's figures of real music to figures/real/."""
    from mercore import workbook

    print(*workbook.publish(options.run), sep="\n")


@command()
def lab(options) -> int:
    """Open JupyterLab on the notebooks; options such as --port=8890 are passed on to it."""
    from mercore import workbook
    from mercore.workbook import execution

    execution.use_own_kernel()
    start = ("--notebook-dir", str(workbook.NOTEBOOKS), "--LabApp.default_url=/lab/tree/00_setup.ipynb")
    return subprocess.call([sys.executable, "-m", "jupyterlab", *start, *options.unknown])


@command(
    arg("path", help="a folder, or 'embedded'"),
    arg("--task", choices=("genre", "mood"), help="open it as one of these"),
)
def check(options) -> None:
    """Report what a folder of music is, and what is wrong with it."""
    from mercore import corpora

    print(corpora.summarise(corpora.open_corpus(options.path, options.task)))


@command(
    arg("dataset", help="gtzan, gtzan-mini or 4q"),
    arg("--to", metavar="FOLDER", help="default: data/<dataset>"),
    arg("--url", help="another address of the same archive"),
)
def fetch(options) -> None:
    """Download a dataset."""
    from mercore.corpora import download

    download.download_dataset(options.dataset, options.to, options.url)


@command(*CORPUS)
def features(options) -> None:
    """Extract a corpus' features ahead of all trainings."""
    from mercore.study import sweep

    found = sweep.extract(options.corpus, options.task, options.networks, options.profile, address=options.cluster)
    for kind, x in found.items():
        print(f"{kind}: {len(x):,} clips, {x.quantised.nbytes / 1e6:,.0f} MB in {x.quantised.filename}")


@command(
    *CORPUS,
    arg("--protocol", default="auto", help="see PROTOCOL of figures (auto)"),
    arg("--seeds", type=list_of(SEED), default=(0,), metavar="0,1", help="of split and weights (0)"),
    arg("--folds", type=COUNT, metavar="N", help="cross-validation; default: one split"),
    arg("--threads", type=COUNT, default=1, metavar="N", help="of each training (1)"),
    arg("--jobs", type=COUNT, metavar="N", help="trainings at once here; default: all cores"),
)
def sweep(options) -> int:
    """Train networks, seeds and folds; finished runs are reused. Exit status 1 if a training failed."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(options.threads)  # before TensorFlow is imported
    from mercore import evaluation
    from mercore.study import sweep

    plan = (options.networks, options.profile, options.protocol, options.seeds, options.folds)
    jobs = sweep.plan(options.corpus, options.task, *plan)
    finished, failed = [], []
    for job, run, error in sweep.run(jobs, options.threads, options.jobs, options.cluster):
        if run:
            text = f"{job.title}: test accuracy {run.accuracy():.3f} ({run.id})"
            finished.append(run)
        else:
            failed.append(f"{job.title}: {error}")
            text = f"failed: {failed[-1]}"
        print(f"[{len(finished) + len(failed)}/{len(jobs)}] {text}", flush=True)
    if finished:
        table = evaluation.summarise(finished)[["test", "low", "high", "balanced", "tracks", "clips", "seconds"]]
        print(table.to_string(float_format="%.3f"))
    for text in failed:
        print(f"mercore: {text}", file=sys.stderr)
    return 1 if failed else 0


@command(
    arg("song", nargs="+", metavar="SONG", help="an audio file, or a folder of them"),
    arg("--run", action="append", metavar="ID", help="a model or a run; may be repeated. Default: all of data/models"),
    arg("--out", metavar="DIR", help="write picture, csv and json of each song there"),
    arg("--count", type=COUNT, default=100, metavar="N", help="snippets of a song (100)"),
    arg("--seed", type=SEED, default=0, help="of the snippets (0)"),
)
def predict(options) -> int:
    """Predict genre and mood of songs, as shares of random snippets. Exit status 1 if a song couldn't be read."""
    print("loading TensorFlow and the network ...", file=sys.stderr, flush=True)  # takes seconds
    from mercore.plots import predictions
    from mercore.songs import predict
    from mercore.songs.text import format_prediction
    from mercore.training import pretrained

    paths = predict.find_songs(options.song)
    networks = [predict.open_network(name) for name in options.run or pretrained.names()]
    if not networks:
        raise UserError("there is no model here; name a run with --run")
    names, failures = dict(zip(paths, predictions.output_names(paths), strict=True)), []

    def report_failure(reason: str) -> None:
        failures.append(reason)
        print(f"mercore: {reason}", file=sys.stderr, flush=True)

    how = {"count": options.count, "seed": options.seed, "over_time": bool(options.out)}
    for path, prediction in predict.predict_songs(paths, report_failure, networks, **how):
        print(format_prediction(prediction), flush=True)
        if options.out:
            for written in predictions.save_prediction(prediction, Path(options.out).expanduser(), names[path]):
                print(f"  {written}")
    if failures:
        print(f"mercore: {len(failures)} of {len(paths)} songs or folders couldn't be read", file=sys.stderr)
    return 1 if failures else 0


@command(
    arg("run", metavar="ID", help="a run or a model"),
    arg("--to", metavar="FOLDER", help="default: build/exports/<ID>; must not exist"),
)
def export(options) -> None:
    """Write a network as a folder that plain Keras opens."""
    from mercore.songs import predict
    from mercore.training import export

    print(export.export(predict.open_network(options.run), options.to))


@command(arg("--to", type=Path, metavar="FOLDER", help="default: build"))
def assignment(options) -> None:
    """Write the archive for students: workbook and blank exercises."""
    from mercore.workbook import assignment

    print(assignment.make_archive(options.to and options.to.expanduser()))


@command(
    arg("submissions", help="a folder for each student, or files STUDENT_CHAPTER.ipynb"),
    arg("--course", type=Path, metavar="FOLDER", help="nbgrader's; default: build/course"),
)
def grade(options) -> int:
    """Grade a class by nbgrader, in a sandbox where there is one. Exit status 1 if a submission couldn't be graded."""
    from mercore.workbook import assignment

    if not options.submissions:  # as make calls it without SUBMISSIONS
        raise UserError("name the folder of what was handed in: make grade SUBMISSIONS=FOLDER")
    assignment.require_nbgrader()
    from mercore.workbook import grading

    marks, graded = grading.grade(options.submissions, options.course and options.course.expanduser())
    print(marks)
    return 0 if all(one.graded for one in graded) else 1


@command(
    arg("experiment", help="difficulty, ablations, real_genres, mood_model or genre_model"),
    arg("folders", nargs="*", help="of the music that it takes, see mercore/study/experiments.py"),
)
def study(options) -> None:
    """Run again an experiment whose results are committed in data/."""
    from mercore.study import experiments

    experiments.run(options.experiment, options.folders)


@command()
def runs_list(options) -> None:
    """Print one line for each record."""
    from mercore.study import records

    for run in records.load_all():
        print(f"{run.id}: test accuracy {run.accuracy():.3f}, {run.timings['training']:.0f} s of training")


@command()
def runs_verify(options) -> None:
    """Recompute every metric from the predictions."""
    from mercore.study import records

    faults = records.verify()
    if faults:
        raise UserError("\n".join(["records that don't agree with their predictions:", *faults]))
    print(f"{len(records.load_all())} records: every metric follows from the predictions")


@command()
def runs_draw(options) -> None:
    """Draw every figure that follows from the records, below figures/real/."""
    from mercore.study import figures, records

    recorded = records.load_all()
    if not recorded:
        raise UserError(f"{records.RECORDS}: there are no records; copy those of finished runs by `runs keep`")
    print(*figures.draw(recorded), sep="\n")


@command(arg("run", nargs="+", help="folders below data/runs/"))
def runs_keep(options) -> None:
    """Copy the records of finished runs to data/records/, to be committed."""
    from mercore.study import records
    from mercore.training import runs

    for run in options.run:
        print(records.commit(runs.load(run)))


@command(
    arg("run", metavar="ID", help="a folder below data/runs/ or data/records/"),
    arg("corpus", nargs="?", help="the folder of the music, or 'embedded'; default: where your own run had it"),
    arg("--seed", type=SEED, help="another seed than its own"),
)
def runs_repeat(options) -> None:
    """Train once more what a run or a record holds, and compare."""
    from mercore.study import records

    record = records.find(options.run)
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(records.thread_count(record))  # before TensorFlow is imported
    again = records.repeat(record, options.corpus, options.seed)
    print(f"{record.id}: test accuracy {record.accuracy():.3f}\n{again.id}: test accuracy {again.accuracy():.3f}")
    same = again.config["seed"] == record.config["seed"]
    print(records.compare(record, again) if same else records.within_prediction_interval(again, records.load_all()))


if __name__ == "__main__":
    sys.exit(main())
