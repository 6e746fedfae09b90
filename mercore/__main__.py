"""The command line: python -m mercore figures | book | publish | lab | check | fetch | features | sweep | predict |
export | runs | assignment | grade."""

import argparse
import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from mercore import UserError

SETTINGS = (
    "GENRE, MOOD (folders, or 'embedded'), PROFILE (smoke, quick, report), PROTOCOL (auto, artist, "
    "track, clip, fault_filtered, given), SEED, ONLY (notebook numbers: 03,07), SONG_1, SONG_2 (audio files), FRESH=1"
)

NO_PLACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)  # the user's to mend


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a user's mistake is told in one line and ends with status 2."""
    parser = _parser()
    options, options_of_lab = parser.parse_known_args(arguments)
    if options_of_lab and options.command is not _lab:
        parser.error(f"unrecognized arguments: {' '.join(options_of_lab)}")
    options.of_lab = options_of_lab
    for name in ("MERCORE_DATA", "MERCORE_BUILD", "MERCORE_FIGURES", "MERCORE_RUNS"):
        if os.environ.get(name) and "://" not in os.environ[name]:  # the notebooks run in another folder
            os.environ[name] = os.path.abspath(os.path.expanduser(os.environ[name]))
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "20")  # a log wants a line now and then, not ten a second
    try:
        return options.command(options) or 0
    except UserError as error:
        print(f"mercore: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in NO_PLACE:
            raise
        what = error.filename or "what this makes"
        print(f"mercore: {what}: {error.strerror}; make room, or name a folder that can be written", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mercore: stopped; finished runs are kept and will be reused", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mercore", description="A workbook on music genre and mood.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for name, function, what in (
        ("figures", _figures, "run the notebooks and draw every figure"),
        ("book", _book, "write the notebooks as they ran, as a site in build/book; runs those that haven't been run"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("settings", nargs="*", metavar="NAME=value", help=SETTINGS)
        command.set_defaults(command=function)

    command = commands.add_parser("publish", help="copy a run's figures of real music to figures/real/")
    command.add_argument("run", help="the run's folder below build/")
    command.set_defaults(command=_publish)

    command = commands.add_parser(
        "lab", help="open JupyterLab on the notebooks; options such as --port=8890 are passed on to it"
    )
    command.set_defaults(command=_lab)

    command = commands.add_parser("check", help="say what a folder of music is, and what is wrong with it")
    command.add_argument("path", help="a folder, or 'embedded'")
    command.add_argument("--task", choices=("genre", "mood"), default=None, help="open it as one of these")
    command.set_defaults(command=_check)

    command = commands.add_parser("fetch", help="download a dataset")
    command.add_argument("dataset", help="gtzan, gtzan-mini or 4q")
    command.add_argument("--to", default=None, metavar="FOLDER", help="default: data/<dataset>")
    command.add_argument("--url", default=None, help="another address of the same archive")
    command.set_defaults(command=_fetch)

    for name, function, what in (
        ("features", _features, "extract a corpus' features ahead of all trainings"),
        ("sweep", _sweep, "train networks, seeds and folds; what is trained already is found"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("corpus", help="a folder, or 'embedded'")
        command.add_argument("--task", choices=("genre", "mood"), required=True)
        command.add_argument("--networks", type=_several(str), default=(), metavar="A,B", help="default: all seven")
        command.add_argument("--profile", default="quick", help="smoke, quick (default), report or tuned")
        command.add_argument("--cluster", metavar="tcp://HOST:PORT", help="a Dask scheduler whose workers do it")
        command.set_defaults(command=function)
    command.add_argument("--protocol", default="auto", help="see PROTOCOL of figures (auto)")
    command.add_argument("--seeds", type=_several(_seed), default=(0,), metavar="0,1", help="of split and weights (0)")
    command.add_argument("--folds", type=_positive, metavar="N", help="cross-validation; default: one split")
    command.add_argument("--threads", type=_positive, default=1, metavar="N", help="of each training (1)")
    command.add_argument("--jobs", type=_positive, metavar="N", help="trainings at once here; default: all cores")

    command = commands.add_parser("predict", help="genre and mood of songs, as shares of random snippets")
    command.add_argument("song", nargs="+", metavar="SONG", help="an audio file, or a folder of them")
    command.add_argument(
        "--run",
        action="append",
        metavar="ID",
        help="the network: a model, or a run (a folder below data/runs); may be given several times. Default: every "
        "model of data/models",
    )
    command.add_argument("--out", default=None, metavar="DIR", help="write picture, csv and json of each song there")
    command.add_argument("--count", type=_positive, default=100, metavar="N", help="snippets of a song (100)")
    command.add_argument("--seed", type=_seed, default=0, help="of the snippets (0)")
    command.set_defaults(command=_predict)

    command = commands.add_parser("export", help="write a network as a folder that plain Keras opens")
    command.add_argument("run", metavar="ID", help="a run or a model")
    command.add_argument("--to", default=None, metavar="FOLDER", help="default: build/exports/<ID>; must not exist")
    command.set_defaults(command=_export)

    command = commands.add_parser("assignment", help="write the archive for students: workbook and blank exercises")
    command.add_argument("--to", default=None, metavar="FOLDER", help="default: build")
    command.set_defaults(command=_assignment)

    command = commands.add_parser("grade", help="grade a class by nbgrader, in a sandbox where there is one")
    command.add_argument("submissions", help="a folder for each student, or files STUDENT_CHAPTER.ipynb")
    command.add_argument("--course", default=None, metavar="FOLDER", help="nbgrader's; default: build/course")
    command.set_defaults(command=_grade)

    command = commands.add_parser("runs", help="the committed records of trainings on real music")
    what = command.add_subparsers(required=True, metavar="ACTION")
    action = what.add_parser("list", help="one line a record")
    action.set_defaults(command=_list_records)
    action = what.add_parser("verify", help="recompute every metric from the predictions")
    action.set_defaults(command=_verify_records)
    action = what.add_parser("draw", help="draw every figure that follows from them, below figures/real/")
    action.set_defaults(command=_draw_records)
    action = what.add_parser("keep", help="commit finished runs: copy their records to data/records/")
    action.add_argument("run", nargs="+", help="folders below data/runs/")
    action.set_defaults(command=_keep_records)
    action = what.add_parser("repeat", help="train once more what a run or a record holds, and compare")
    action.add_argument("run", metavar="ID", help="a folder below data/runs/ or data/records/")
    action.add_argument(
        "corpus", nargs="?", help="the folder of the music, or 'embedded'; default: where a run of yours had it"
    )
    action.add_argument("--seed", type=_seed, default=None, help="another seed than its own")
    action.set_defaults(command=_repeat)
    return parser


def _figures(options) -> None:
    from mercore import workbook

    workbook.run(options.settings)


def _book(options) -> None:
    from mercore.workbook import book

    print(book.make(options.settings))


def _publish(options) -> None:
    from mercore import workbook

    for path in workbook.publish(options.run):
        print(path)


def _lab(options) -> None:
    from mercore import workbook
    from mercore.workbook import execution

    execution.use_own_kernel()
    notebooks = str(workbook.NOTEBOOKS)
    first = "--LabApp.default_url=/lab/tree/00_setup.ipynb"
    command = [sys.executable, "-m", "jupyterlab", "--notebook-dir", notebooks, first, *options.of_lab]
    sys.exit(subprocess.call(command))


def _check(options) -> None:
    from mercore import corpora

    print(corpora.report(corpora.open_corpus(options.path, options.task)))


def _fetch(options) -> None:
    from mercore.corpora import download

    download.fetch(options.dataset, options.to, options.url)


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text} isn't a whole number from 1 to 10,000")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text} isn't a whole number from 0 to 2^32 - 1")
    return int(text)


def _several(one):
    def several(text: str) -> tuple:
        return tuple(one(word.strip()) for word in text.split(",") if word.strip())

    return several


def _features(options) -> None:
    from mercore.study import sweep

    found = sweep.extract(options.corpus, options.task, options.networks, options.profile, address=options.cluster)
    for kind, x in found.items():
        print(f"{kind}: {len(x):,} clips, {x.steps.nbytes / 1e6:,.0f} MB in {x.steps.filename}")


def _sweep(options) -> int:
    """0; 1 if there were trainings that failed, which are named."""
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(options.threads)  # before TensorFlow is imported
    from mercore import evaluation
    from mercore.study import sweep

    jobs = sweep.plan(
        options.corpus,
        options.task,
        options.networks,
        options.profile,
        options.protocol,
        options.seeds,
        options.folds,
    )
    finished, failed = [], []
    for job, run, error in sweep.collect(sweep.run(jobs, options.threads, options.jobs, options.cluster)):
        if run:
            told = f"{job.title}: test accuracy {run.accuracy():.3f} ({run.id})"
            finished.append(replace(run, predictions=run.side("test")))  # which is all that the table takes
        else:
            failed.append(f"{job.title}: {error}")
            told = f"failed: {failed[-1]}"
        print(f"[{len(finished) + len(failed)}/{len(jobs)}] {told}", flush=True)
    if finished:
        table = evaluation.summarise(finished)[["test", "low", "high", "balanced", "tracks", "clips", "seconds"]]
        print(table.to_string(float_format="%.3f"))
    for text in failed:
        print(f"mercore: {text}", file=sys.stderr)
    return 1 if failed else 0


def _predict(options) -> int:
    """0; 1 if there were songs that couldn't be read, which are named and skipped."""
    print("loading TensorFlow and the network ...", file=sys.stderr, flush=True)  # seconds in which nothing is seen
    from tqdm.auto import tqdm

    from mercore.songs import predict
    from mercore.training import pretrained

    paths = predict.find_songs(options.song)
    networks = [predict.open_network(name) for name in options.run or pretrained.names()]
    if not networks:
        raise UserError("there is no model here; name a run with --run")
    names, failures = dict(zip(paths, predict.stems(paths), strict=True)), []
    with tqdm(total=len(paths), unit="song", disable=len(paths) < 2 or not sys.stderr.isatty()) as bar:

        def failed(reason: str) -> None:
            failures.append(reason)
            bar.write(f"mercore: {reason}", file=sys.stderr)
            bar.update()

        for prediction in predict.predict_songs(paths, networks, options.count, options.seed, failed):
            bar.write(predict.tell(prediction))
            if options.out:
                for path in predict.write(prediction, Path(options.out).expanduser(), names[prediction.path]):
                    bar.write(f"  {path}")
            bar.update()
    if failures:
        print(f"mercore: {len(failures)} of {len(paths)} songs or folders couldn't be read", file=sys.stderr)
    return 1 if failures else 0


def _export(options) -> None:
    from mercore.songs import predict
    from mercore.training import export

    print(export.export(predict.open_network(options.run), options.to))


def _assignment(options) -> None:
    from mercore.workbook import assignment

    print(assignment.make_archive(Path(options.to).expanduser() if options.to else None))


def _grade(options) -> int:
    """0; 1 if there were submissions that couldn't be graded, which are named."""
    from mercore.workbook import assignment

    if not options.submissions:  # as make calls it without SUBMISSIONS
        raise UserError("name the folder of what was handed in: make grade SUBMISSIONS=FOLDER")
    assignment.need_nbgrader()
    from mercore.workbook import grading

    marks, found = grading.grade(options.submissions, Path(options.course).expanduser() if options.course else None)
    print(marks)
    return 0 if all(one.graded for one in found) else 1


def _list_records(options) -> None:
    from mercore.study import records

    for run in records.load_all():
        print(f"{run.id}: test accuracy {run.accuracy():.3f}, {run.timings['training']:.0f} s of training")


def _verify_records(options) -> None:
    from mercore.study import records

    faults = records.verify()
    if faults:
        raise UserError("\n".join(["records that don't agree with their predictions:", *faults]))
    print(f"{len(records.load_all())} records: every metric follows from the predictions")


def _draw_records(options) -> None:
    from mercore.study import figures, records

    recorded = records.load_all()
    if not recorded:
        raise UserError(
            f"{records.RECORDS}: there are no records yet; `runs keep` copies those of finished runs there"
        )
    for path in figures.draw(recorded):
        print(path)


def _keep_records(options) -> None:
    from mercore.study import records
    from mercore.training import runs

    for run in options.run:
        print(records.keep(runs.load(run)))


def _repeat(options) -> None:
    from mercore.study import records

    record = records.find(options.run)
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(records.threads(record))  # before TensorFlow is imported
    again = records.repeat(record, options.corpus, options.seed)
    print(f"{record.id}: test accuracy {record.accuracy():.3f}\n{again.id}: test accuracy {again.accuracy():.3f}")
    same = again.config["seed"] == record.config["seed"]
    print(records.compare(record, again) if same else records.place(again, records.load_all()))


if __name__ == "__main__":
    sys.exit(main())
