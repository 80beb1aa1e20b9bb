"""The processor or GPU that a job got, and how it is used."""

import logging
import os

import cv2
import keras
import tensorflow as tf

from scenery.errors import UserError

log = logging.getLogger("scenery")


def set_up(threads: int, wants_gpu: bool = False, gpu_missing: str = "continue") -> int:
    """Use the allocated threads and GPUs; to be called before any network is built.

    Args:
        threads: Processor threads of the job.
        wants_gpu: Whether the job requested a GPU.
        gpu_missing: continue or stop, if a job on a cluster requested a GPU and finds none.

    Returns:
        Number of GPUs in use.

    Raises:
        UserError: The GPU is missing and `gpu_missing` is stop.
    """
    cv2.setNumThreads(threads)
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(max(1, min(2, threads)))
    tf.config.experimental.enable_op_determinism()
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        # Without growth the first job takes all of a card that a site lets two jobs share.
        tf.config.experimental.set_memory_growth(gpu, True)
    if wants_gpu and not gpus and "SLURM_JOB_ID" in os.environ:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
        message = (
            f"this job asked for a GPU and TensorFlow sees none (CUDA_VISIBLE_DEVICES: {visible})"
        )
        if gpu_missing == "stop":
            raise UserError(
                f"{message}; install the GPU environment (make environment HARDWARE=gpu), or set "
                "gpu_missing: continue in the config to train on the processor"
            )
        log.warning("%s; going on with the processor", message)
    log.info("hardware: %s", f"{len(gpus)} GPU(s)" if gpus else f"processor, {threads} threads")
    return len(gpus)


def use_mixed_precision(wanted: bool, gpus: int) -> bool:
    """16-bit arithmetic with 32-bit weights, on a GPU only; it is not faster on a CPU.

    Returns:
        Whether it is in use.
    """
    use = wanted and gpus > 0
    keras.mixed_precision.set_global_policy("mixed_float16" if use else "float32")
    return use
