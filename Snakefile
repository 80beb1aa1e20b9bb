# Scenery: a whole transfer-learning study on a folder of labeled images.
#
# What is made lies below results/ (or the config's `results`); its paths name the rules:
#
#   data/catalogue.csv  data/split.csv  data/subsets/{subset}.csv  data/{partition}/{size}.npy
#   weights/{weights}.weights.h5                    a backbone's ImageNet weights, fetched once
#   features/{features}/{partition}.npy             activations of a frozen backbone, or descriptors
#   codebooks/{codebook}/codebook.skops             visual words, or Gaussians, of such descriptors
#   experiments/{experiment}/train_heads/{shard}/   trials on features, many to a job
#   experiments/{experiment}/fit_classifiers/{shard}/    classical models on features, likewise
#   experiments/{experiment}/fine_tune/{trial}/     trials on images, one to a job
#   experiments/{experiment}/chosen.yaml            what was chosen, on validation images alone
#   experiments/{experiment}/refit_head|refit_classifier|refit_network/   the chosen settings
#                                                   trained once more
#   experiments/{experiment}/test/                  its score: the one place for test images
#   experiments/{experiment}/published.csv          what others published, beside ours
#   experiments/{experiment}/figures/  figures/     pictures
#   experiments/{experiment}/explain/               what is inside a final model
#   trials.csv  summary.csv  slides.pdf  slides.pptx  report.html

from snakemake.utils import min_version

min_version("9.27")


# A study given with --configfile stands alone: Snakemake would merge it into the default one,
# and the default's experiments would be run along with it.
if not workflow.config_settings.configfiles:

    configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/study.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/weights.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/halving.smk"
include: "workflow/rules/choose.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/published.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/summary.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        f"{R}/summary.csv",
        f"{R}/slides.pdf",
        f"{R}/slides.pptx",
        f"{R}/report.html",
