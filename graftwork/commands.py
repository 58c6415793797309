"""The commands of `graftwork`: their names, and where they are."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: where its configuration and its function are, imported when it is called.

    Args:
        summary: One line for the list of commands.
        config: `module:Class` of the dataclass that its flags come from.
        function: `module:function` that is called with the configuration.
    """

    summary: str
    config: str
    function: str


COMMANDS = {
    "data list": Command(
        "the datasets: what they show, what they need, whether they are there",
        "datasets.config:DataList",
        "datasets.commands:list_datasets",
    ),
    "data check": Command(
        "check a dataset's files: counts, splits, attributes, what is wrong",
        "datasets.config:DataCheck",
        "datasets.commands:check",
    ),
    "data prepare": Command(
        "decode and resize the images once",
        "datasets.config:DataPrepare",
        "datasets.commands:prepare",
    ),
    "data cache": Command(
        "list what is prepared, or remove it",
        "datasets.config:DataCache",
        "datasets.commands:show_cache",
    ),
    "trees search": Command(
        "search an attribute-sharing tree, and compare it with its controls",
        "multitask_nas.config:TreeSearch",
        "multitask_nas.commands:search",
    ),
    "trees train": Command(
        "train the found tree, from the shared weights or from scratch",
        "multitask_nas.config:TreeTraining",
        "multitask_nas.commands:train",
    ),
    "trees predict": Command(
        "predict the attributes of images",
        "multitask_nas.config:TreePrediction",
        "multitask_nas.commands:predict",
    ),
    "trees show": Command(
        "show the found tree in the terminal and as a picture",
        "multitask_nas.config:TreeShow",
        "multitask_nas.commands:show",
    ),
    "trees export": Command(
        "export the trained tree as Keras file, SavedModel or ONNX",
        "multitask_nas.config:TreeExport",
        "multitask_nas.commands:export",
    ),
    "gans search": Command(
        "search a GAN's generator, and compare it with its controls",
        "gan_nas.config:GanSearch",
        "gan_nas.commands:search",
    ),
    "gans train": Command(
        "train the best generators of a search, longer",
        "gan_nas.config:GanTraining",
        "gan_nas.commands:train",
    ),
    "gans sample": Command(
        "make a picture of samples, or of walks between them",
        "gan_nas.config:GanSamples",
        "gan_nas.commands:sample",
    ),
    "gans evaluate": Command(
        "measure a generator, or a folder of images: IS, FID, KID",
        "gan_nas.config:GanEvaluation",
        "gan_nas.commands:evaluate",
    ),
    "transfer learn": Command(
        "learn a search strategy on all attributes of one or more domains",
        "transfer_nas.config:TransferLearning",
        "transfer_nas.commands:learn",
    ),
    "transfer apply": Command(
        "apply a learned strategy to another domain, and compare it",
        "transfer_nas.config:TransferApplication",
        "transfer_nas.commands:apply",
    ),
    "transfer compare": Command(
        "print the comparison of a run again, and write its report",
        "transfer_nas.config:TransferComparison",
        "transfer_nas.commands:compare",
    ),
    "transfer leave-one-out": Command(
        "learn on all domains but one, apply to that one, for each",
        "transfer_nas.config:LeaveOneOut",
        "transfer_nas.commands:leave_one_out",
    ),
    "runs list": Command(
        "list the runs in a folder: what they are and how they stand",
        "reports.runs_config:RunsList",
        "reports.runs_commands:list_runs",
    ),
    "runs show": Command(
        "show one run: settings, progress, results, files, how to go on",
        "reports.runs_config:RunsShow",
        "reports.runs_commands:show",
    ),
    "runs compare": Command(
        "compare the numbers and settings of runs, side by side",
        "reports.runs_config:RunsCompare",
        "reports.runs_commands:compare",
    ),
    "runs remove": Command(
        "remove runs, or the checkpoints of finished ones",
        "reports.runs_config:RunsRemove",
        "reports.runs_removal:remove",
    ),
    "watch": Command(
        "watch a search in the terminal, running or finished",
        "reports.runs_config:Watch",
        "reports.watch:watch",
    ),
    "report": Command(
        "compare runs of any kind in one report: HTML, PDF, Markdown, LaTeX, CSV, JSON",
        "reports.comparison.config:ComparisonReport",
        "reports.comparison.command:report",
    ),
    "benchmark nats": Command(
        "compare search strategies on a table of NATS-Bench",
        "graftwork.benchmark_config:NatsBenchmark",
        "reports.benchmark_command:nats",
    ),
    "benchmark trees": Command(
        "compare search strategies on the trees of a finished search",
        "graftwork.benchmark_config:TreeBenchmark",
        "multitask_nas.benchmark_trees:benchmark",
    ),
}
