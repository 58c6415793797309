"""Times the preparation of images and the batches that training is fed, and measures memory.

    python benchmarks/data.py                     # speed; about 2 minutes on 2 cores
    python benchmarks/data.py --memory            # 200,000 images in CelebA's format; 10 minutes

Speed is compared inside one run, the median of interleaved repeats. Memory is the peak of the
resident set of `graftwork data prepare` and of `graftwork trees search`, each in a process of
its own. Everything is written to a temporary folder and removed.
"""

import argparse
import concurrent.futures
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

ATTRIBUTES = 40
CORES = os.cpu_count() or 1
SIDE = 64
BATCH = 128


def write_celeba(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Writes JPEGs of blurred noise and a list of attributes that their colours decide."""
    images = folder / "img_align_celeba"
    images.mkdir(parents=True)
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 5, 5, 3), dtype=np.uint8)
    weights = rng.normal(size=(75, ATTRIBUTES))
    labels = np.where((coarse.reshape(count, 75) - 127.5) @ weights > 0, 1, -1)

    def write(number: int) -> None:
        picture = Image.fromarray(coarse[number]).resize(size, Image.Resampling.BICUBIC)
        picture.save(images / f"{number + 1:06d}.jpg", quality=90)

    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        list(pool.map(write, range(count), chunksize=256))
    with open(folder / "list_attr_celeba.txt", "w") as file:
        file.write(f"{count}\n{' '.join(f'Attribute_{i}' for i in range(ATTRIBUTES))}\n")
        for number, row in enumerate(labels):
            file.write(f"{number + 1:06d}.jpg {' '.join(map(str, row))}\n")
    with open(folder / "list_eval_partition.txt", "w") as file:
        for number in range(count):
            part = 0 if number < 0.8 * count else 1 if number < 0.9 * count else 2
            file.write(f"{number + 1:06d}.jpg {part}\n")


def pillow_alone(folder: Path) -> None:
    """Decodes and resizes all images with Pillow on all cores, and keeps nothing."""

    def decode(path: Path) -> int:
        with Image.open(path) as image:
            image.draft(None, (SIDE, SIDE))
            side = min(image.size)
            left, top = (image.width - side) / 2, (image.height - side) / 2
            box = (left, top, left + side, top + side)
            return image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR, box).width

    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        list(pool.map(decode, sorted((folder / "img_align_celeba").iterdir()), chunksize=256))


def speed(count: int, repeats: int) -> None:
    """Prints images prepared, and batches delivered, a second."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "celeba"
        write_celeba(folder, count, (178, 218))
        os.environ["GRAFTWORK_CACHE"] = f"{temporary}/cache"
        from datasets import DataOptions, cache, load

        options = DataOptions(dataset="celeba", data_dir=folder, size=str(SIDE))

        def prepare() -> None:
            for entry, _ in cache.entries():
                cache.remove_entry(entry)
            load(options)

        seconds = interleaved(
            {"ours": prepare, "Pillow alone": lambda: pillow_alone(folder)}, repeats
        )
        print(f"\n{count:,} JPEGs of 178×218 to {SIDE}×{SIDE}, images a second")
        for name, value in seconds.items():
            print(f"  {name:<44} {count / value:10,.0f}")
        print(f"  Pillow's time / ours {seconds['Pillow alone'] / seconds['ours']:34.2f}")
        feed(load(options), folder, repeats)


def feed(dataset: object, folder: Path, repeats: int) -> None:
    """Prints the batches a second of our pipelines and of one that reads files."""
    import tensorflow as tf

    from graftwork.training import Trainer
    from graftwork.training_data import TrainingData
    from multitask_nas.supernet import build_supernet

    network = build_supernet((1, 2), ATTRIBUTES, 1, 1, dataset.image_shape, 0)
    steps = 100
    architecture = (0,) * (2 + ATTRIBUTES)

    def ours(device_bytes: int) -> Callable[[], None]:
        data = TrainingData(
            dataset.images, dataset.labels, dataset.split("train"), device_bytes=device_bytes
        )
        trainer = Trainer(network, data, BATCH, 1e-3)

        def run() -> None:
            for inputs, _ in trainer.batches(steps, lambda rng: architecture):
                if data.on_device is not None:
                    tf.gather(data.on_device, inputs["images"])

        return run

    paths = [str(path) for path in sorted((folder / "img_align_celeba").iterdir())]
    labels = dataset.labels

    def decoded(path: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.io.decode_jpeg(tf.io.read_file(path), channels=3)
        return tf.cast(tf.image.resize(image[20:198], (SIDE, SIDE)), tf.uint8), label

    def from_files() -> None:
        files = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths), seed=0)
        batches = files.map(decoded, num_parallel_calls=tf.data.AUTOTUNE).batch(BATCH)
        for _ in batches.repeat().take(steps).prefetch(tf.data.AUTOTUNE):
            pass

    variants = {
        "ours, from the device": ours(2**40),
        "ours, from the memory map": ours(0),
        "tf.data from the files": from_files,
    }
    seconds = interleaved(variants, repeats)
    print(f"\nbatches of {BATCH} a second")
    for name, value in seconds.items():
        print(f"  {name:<44} {steps / value:10,.0f}")


def interleaved(variants: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """Returns the median seconds of each variant; the first round warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for repeat in range(repeats + 1):
        for name, run in variants.items():
            begin = time.perf_counter()
            run()
            if repeat:
                seconds[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in seconds.items()}


def memory(count: int) -> None:
    """Prints the peak memory of preparing many images and of a search on them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "celeba"
        write_celeba(folder, count, (SIDE, SIDE))
        data = ["--data-dir", str(folder), "--size", str(SIDE)]
        search = "--steps 200 --round-steps 50 --warmup-rounds 2 --sweeps 1 --random-trees 1"
        search += f" --no-controls --channels 8 --out {temporary}/run"
        print(f"\n{count:,} images of {SIDE}×{SIDE} in CelebA's format")
        for name, arguments in (
            ("data prepare", ["data", "prepare", "celeba", *data]),
            (
                "trees search",
                ["trees", "search", "--dataset", "celeba", *data, *search.split()],
            ),
        ):
            begin = time.perf_counter()
            environment = {**os.environ, "GRAFTWORK_CACHE": f"{temporary}/cache"}
            program = [sys.executable, "-m", "graftwork.cli", *arguments]
            process = subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                sys.exit(f"{name} ended with status {process.returncode}")
            seconds = time.perf_counter() - begin
            print(f"  {name:<16} {usage.ru_maxrss / 2**20:6.2f} GiB at most, {seconds:6.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", action="store_true", help="measure memory in place of speed")
    parser.add_argument("--images", type=int)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{CORES} cores, {os.sysconf('SC_PHYS_PAGES') * resource.getpagesize() / 2**30:.0f} GiB")
    if arguments.memory:
        memory(arguments.images or 200_000)
    else:
        speed(arguments.images or 10_000, arguments.repeats)


if __name__ == "__main__":
    main()
