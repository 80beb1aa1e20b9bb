"""The items of the course: the config key of each, and the test that shows it.

`python -m course.table` writes them into docs/reference/course.md.
"""

from typing import NamedTuple

UNIT, WORKFLOW = "tests/unit", "tests/workflow"


class Item(NamedTuple):
    """One item.

    Attributes:
        item: What the course teaches.
        key: The key of the config, or where the item is found; empty: it is not there.
        test: File and name of the test, as of pytest; empty: the item is not there.
    """

    item: str
    key: str = ""
    test: str = ""


SCHEDULES = f"{UNIT}/training/test_schedules.py"
EPOCHS = f"{UNIT}/training/test_epochs.py"
HEADS = f"{UNIT}/models/test_heads.py"
NETWORKS = f"{UNIT}/models/test_built_architectures.py"
HEAD_TRAINING = f"{UNIT}/training/test_head_training.py"
FINE_TUNING = f"{UNIT}/training/test_fine_tuning.py"
OPTIMIZERS = f"{UNIT}/training/test_optimizers.py"
PUBLISHED = f"{WORKFLOW}/test_published_study.py"
SUBSETS = f"{UNIT}/data/test_small_training_sets.py"
RANDOM = f"{UNIT}/study/test_random_search.py"
EXPLANATION = f"{UNIT}/inference/test_explanation.py"
CLASSIFIERS = f"{UNIT}/classical/test_classifiers.py"
HANDCRAFTED = f"{UNIT}/classical/test_handcrafted.py"
AUGMENTATION = f"{UNIT}/training/test_augmentation.py"
BALANCE = f"{UNIT}/evaluation/test_class_balance.py"
SOURCES = f"{UNIT}/data/test_sources.py"

ITEMS: dict[str, list[Item]] = {
    "Training": [
        Item("step decay", "`schedule: {name: step}`", f"{SCHEDULES}::test_step_follows_its_law"),
        Item(
            "exponential decay", "`schedule: {name: exponential}`",
            f"{SCHEDULES}::test_exponential_decays_the_rate",
        ),
        Item(
            "cosine decay", "`schedule: {name: cosine}`",
            f"{SCHEDULES}::test_cosine_follows_its_law",
        ),
        Item(
            "time decay per epoch", "`schedule: {name: inverse_time}`",
            f"{SCHEDULES}::test_inverse_time_decays_the_rate",
        ),
        Item(
            "decay per gradient step", "`schedule: {name: inverse_time, per: step}`",
            f"{HEAD_TRAINING}::test_rate_that_falls_per_step_gives_what_keras_gives",
        ),
        Item(
            "learning rates of one's own", "`schedule: {name: list, rates: [...]}`",
            f"{SCHEDULES}::test_list_gives_each_epoch_its_rate",
        ),
        Item(
            "schedules of Keras", "`schedule`",
            f"{SCHEDULES}::test_schedule_agrees_with_that_of_keras",
        ),
        Item(
            "best epoch by the monitored measure", "`checkpoint`, `early_stopping.monitor`",
            f"{EPOCHS}::test_best_epoch_follows_the_monitored_measure",
        ),
        Item(
            "best epoch by the rule of choice", "`choose.by`",
            f"{UNIT}/study/test_expansion.py"
            "::test_best_epoch_follows_the_rule_of_choice_unless_the_config_says",
        ),
        Item(
            "a lucky epoch", "`checkpoint.smoothing`, column `unsteady`",
            f"{UNIT}/scripts/test_choosing_script.py::test_trial_whose_accuracy_jumps_is_flagged",
        ),
        Item("early stopping", "`early_stopping`", f"{EPOCHS}::test_early_stopping"),
        Item(
            "SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam", "`optimizer.name`",
            f"{OPTIMIZERS}::test_optimizer_is_that_of_keras",
        ),
        Item(
            "constants of optimizers", "`optimizer.rho`, `beta_1`, `beta_2`, `epsilon`",
            f"{OPTIMIZERS}::test_constants_of_an_optimizer_are_those_of_keras_unless_set",
        ),
        Item(
            "mean squared error as a loss", "`loss: mean_squared_error`",
            f"{HEAD_TRAINING}::test_mean_squared_error_is_that_of_the_probabilities",
        ),
        Item(
            "steps per epoch", "`steps_per_epoch`",
            f"{HEAD_TRAINING}::test_steps_per_epoch_take_the_next_images_of_endless_passes",
        ),
        Item(
            "L1, L2 and elastic net on the head", "`head.l1`, `head.l2`",
            f"{HEAD_TRAINING}::test_it_gives_what_keras_gives",
        ),
        Item(
            "the same on a whole own network, or on what is fine-tuned", "`penalty`",
            f"{FINE_TUNING}::test_penalty_adds_the_norms_of_the_kernels_that_are_trained",
        ),
    ],
    "Transfer learning": [
        Item(
            "the published study: Task 0 to Task 3", "`config/densenet121.yaml`",
            f"{PUBLISHED}::test_its_trials_and_its_numbers",
        ),
        Item(
            "its whole networks, trained for 50 and 300 epochs", "`config/densenet121.yaml`",
            f"{PUBLISHED}::test_its_jobs",
        ),
        Item(
            "published numbers of unknown settings", "`settings: unknown` in `reference_results`",
            f"{UNIT}/study/test_reference_results.py"
            "::test_number_of_unknown_settings_has_no_counterpart",
        ),
        Item(
            "test score of every data regime", "`compare`",
            f"{UNIT}/study/test_scored.py"
            "::test_scored_settings_have_the_best_of_every_training_set",
        ),
        Item(
            "each step beside the step before", "`start_from`, `compare`",
            f"{UNIT}/evaluation/test_final_scores.py"
            "::test_comparison_table_control_and_start_are_compared_once",
        ),
        Item(
            "remove stages, cut at a layer", "`cut`, `remove_stages`",
            f"{UNIT}/models/test_truncation.py"
            "::test_densenet121_has_the_cuts_of_the_published_study",
        ),
        Item(
            "unfreeze from a named layer", "`trainable: from:LAYER`",
            f"{UNIT}/models/test_truncation.py"
            "::test_freezing_before_a_layer_lets_it_and_all_after_it_learn",
        ),
        Item(
            "NASNetMobile cell by cell", "`trainable: from:normal_concat_11`",
            f"{UNIT}/study/test_expansion.py"
            "::test_layer_from_which_a_network_is_trained_must_be_there",
        ),
        Item(
            "pre-trained dense layers (fc1, fc2)", "`cut: fc2`",
            f"{UNIT}/models/test_dense_layers.py"
            "::test_file_with_the_top_gives_dense_layers_their_weights",
        ),
        Item(
            "a learning rate that is high for pre-trained weights", "`scenery check`, slides",
            f"{UNIT}/study/test_advice.py"
            "::test_high_rate_is_one_that_is_usual_for_random_weights",
        ),
        Item(
            "rule of thumb: a first study by the size of the data", "`scenery init`",
            f"{UNIT}/pipeline/test_starter.py::test_starter_few_images_keeps_the_backbone_frozen",
        ),
        Item(
            "rule of thumb: few or many images, like those of ImageNet or not",
            "first page of the report",
            f"{UNIT}/reporting/test_report_conclusions.py"
            "::test_report_conclusions_apply_the_rule_of_thumb",
        ),
    ],
    "Networks": [
        Item(
            "activations", "`head.activation`, `network.activation`",
            f"{NETWORKS}::test_activation_is_that_of_keras",
        ),
        Item(
            "initializers", "`head.kernel_initializer`, `network.kernel_initializer`",
            f"{NETWORKS}::test_initializer_is_that_of_keras",
        ),
        Item(
            "one value for each layer of the head", "lists in `head`",
            f"{HEADS}::test_list_gives_each_layer_its_value",
        ),
        Item(
            "one value for each layer of an own network", "lists in `network`",
            f"{NETWORKS}::test_list_gives_each_layer_its_value",
        ),
        Item(
            "slope of leaky ReLU", "`head.negative_slope`, `network.negative_slope`",
            f"{NETWORKS}::test_list_gives_each_layer_its_value",
        ),
        Item(
            "classroom networks of 93,322 and 3,453,121 parameters, LeNet-5 of 61,706",
            "`network.channels: [...]`, `padding`, `final_pooling`, `color_mode`",
            f"{NETWORKS}::test_classroom_network_has_its_number_of_parameters",
        ),
        Item(
            "max, average, L2 or no pooling", "`network.pooling`",
            f"{NETWORKS}::test_l2_pooling_is_the_norm_of_each_window",
        ),
        Item(
            "dropout before the dense layer alone", "`head.dropout: [0.5, 0]`",
            f"{HEADS}::test_list_gives_each_layer_its_value",
        ),
        Item(
            "grayscale input", "`dataset.color_mode: grayscale`",
            f"{UNIT}/study/test_subsets.py::test_own_network_of_grayscale_images_reads_one_channel",
        ),
        Item(
            "naive inception", "`network.form: naive`",
            f"{NETWORKS}::test_naive_inception_keeps_the_channels_of_its_pooling",
        ),
        Item(
            "bottleneck of DenseNet", "`network.bottleneck`",
            f"{NETWORKS}::test_bottleneck_narrows_to_four_times_the_growth",
        ),
        Item(
            "auxiliary outputs of inception", "`network.auxiliary_outputs`",
            f"{UNIT}/training/test_auxiliary_outputs.py"
            "::test_auxiliary_losses_count_three_tenths",
        ),
        Item(
            "one sigmoid output, binary cross-entropy", "`head.class_mode: binary`",
            f"{HEADS}::test_binary_head_is_one_sigmoid",
        ),
    ],
    "Data": [
        Item(
            "class folders, train and test folders", "`dataset.path`",
            f"{SOURCES}::test_class_folders",
        ),
        Item(
            "tables with one column for each class", "`dataset.path`",
            f"{SOURCES}::test_list_images_one_hot_columns_give_the_class",
        ),
        Item(
            "400 images in all", "`subsets: {NAME: {total: 400}}`",
            f"{SUBSETS}::test_draw_in_total_keeps_the_shares_of_the_classes",
        ),
        Item(
            "a given small training set", "`subsets: {NAME: {files: FOLDER}}`",
            f"{SUBSETS}::test_given_subset_of_a_folder_of_copies_is_the_images_named",
        ),
        Item(
            "interpolation", "`dataset.interpolation`",
            f"{UNIT}/data/test_images.py::test_interpolation_is_that_of_pillow",
        ),
        Item(
            "digits without a download", "`dataset.path: digits`, `config/digits.yaml`",
            f"{UNIT}/demo/test_digits.py::test_digits_become_class_folders_of_images",
        ),
        Item(
            "names of the columns of a table", "`dataset.x_col`, `dataset.y_col`",
            f"{SOURCES}::test_list_images_with_the_columns_of_the_config",
        ),
        Item(
            "some of the classes", "`dataset.classes`",
            f"{SOURCES}::test_list_images_of_some_classes_leaves_the_others_out",
        ),
        Item(
            "weights of images from a table", "`dataset.weight_col`",
            f"{SOURCES}::test_list_images_weight_column_gives_the_weights",
        ),
        Item(
            "images that are not square", "`image_size: [height, width]`",
            f"{UNIT}/test_image_size.py::test_network_of_images_that_are_not_square",
        ),
    ],
    "Augmentation": [
        Item(
            "ranges [low, high]", "`augment.zoom: [0.8, 1.0]`",
            f"{AUGMENTATION}::test_range_is_the_lowest_and_the_highest_value",
        ),
        Item(
            "x and y apart", "`width_shift`, `height_shift`, `zoom_width`, `zoom_height`",
            f"{AUGMENTATION}::test_zoom_of_one_side_leaves_the_other",
        ),
        Item(
            "contrast", "`augment.contrast`",
            f"{AUGMENTATION}::test_contrast_spreads_values_around_their_mean",
        ),
        Item(
            "saturation", "`augment.saturation`",
            f"{AUGMENTATION}::test_saturation_goes_from_gray_to_double",
        ),
        Item("hue", "`augment.hue`", f"{AUGMENTATION}::test_hue_keeps_the_largest_value"),
        Item(
            "channel shift", "`augment.channel_shift`",
            f"{AUGMENTATION}::test_channel_shift_changes_each_channel_alone",
        ),
        Item(
            "histogram equalization", "`augment.equalize`",
            f"{AUGMENTATION}::test_equalize_flattens_the_histograms_of_some_images",
        ),
        Item(
            "augmentation in the first of two steps", "`first_step.views`",
            f"{UNIT}/pipeline/test_inputs.py"
            "::test_first_step_learns_from_views_and_is_judged_on_plain_images",
        ),
        Item(
            "no picture is seen twice", "`views` as many as `epochs`",
            f"{HEAD_TRAINING}::test_each_view_serves_once_before_one_serves_twice",
        ),
        Item(
            "rescaling, and centering of each image", "`network.scaling`",
            f"{NETWORKS}::test_scaling_is_that_of_its_formula",
        ),
        Item(
            "centering by statistics of the training images (featurewise)",
            "`network.scaling: featurewise`",
            f"{NETWORKS}::test_featurewise_scaling_is_by_statistics_of_the_training_images",
        ),
    ],
    "Search": [
        Item(
            "grid search", "`grid`",
            f"{UNIT}/study/test_expansion.py"
            "::test_a_grid_is_every_combination_in_the_order_of_the_config",
        ),
        Item(
            "random search", "`random`", f"{RANDOM}::test_more_trials_keep_the_first_ones",
        ),
        Item(
            "normal distributions", "`normal`, `lognormal`",
            f"{RANDOM}::test_normal_numbers_have_their_mean_and_stay_in_their_bounds",
        ),
        Item(
            "quantized distributions", "`step`",
            f"{RANDOM}::test_step_rounds_to_multiples_between_the_bounds",
        ),
        Item(
            "momentum with several optimizers in a grid", "`grid`",
            f"{UNIT}/study/test_search_strategies.py"
            "::test_grid_over_optimizers_varies_an_option_with_those_that_have_it",
        ),
    ],
    "Features and classical models": [
        Item(
            "support vector machines, neighbors, logistic regression, forests", "`classifier`",
            f"{CLASSIFIERS}::test_every_model_learns_and_gives_probabilities",
        ),
        Item(
            "mean, standard deviation and moments as pooling", "`head.pooling`",
            f"{UNIT}/models/test_pooling.py::test_moments_are_those_of_scipy",
        ),
        Item(
            "principal components", "`classifier.pca`",
            f"{CLASSIFIERS}::test_principal_components_stand_before_the_model",
        ),
        Item(
            "boosted trees", "`classifier: {name: gradient_boosting}`",
            f"{CLASSIFIERS}::test_parameters_are_the_numbers_that_are_kept",
        ),
        Item(
            "histograms of oriented gradients", "`backbone: HOG`",
            f"{HANDCRAFTED}::test_hog_is_that_of_scikit_image_at_each_scale",
        ),
        Item(
            "local binary patterns", "`backbone: LBP`",
            f"{HANDCRAFTED}::test_lbp_is_a_share_of_patterns_and_free_of_brightness",
        ),
        Item(
            "co-occurrence of gray levels", "`backbone: Cooccurrence`",
            f"{HANDCRAFTED}::test_cooccurrence_measures_are_those_of_the_matrix",
        ),
        Item(
            "color histograms", "`backbone: ColorHistogram`",
            f"{HANDCRAFTED}::test_color_histogram_counts_colors",
        ),
        Item(
            "granulometry", "`backbone: Granulometry`",
            f"{HANDCRAFTED}::test_granulometry_finds_the_size_of_structures",
        ),
        Item(
            "descriptors at several scales", "lists in `network`, `network.pyramid`",
            f"{HANDCRAFTED}::test_descriptors_have_the_values_of_the_outline",
        ),
    ],
    "Measures": [
        Item(
            "macro and weighted precision and recall", "columns of `summary.csv`",
            f"{BALANCE}::test_precision_measures_are_those_of_scikit_learn",
        ),
        Item(
            "top-5 accuracy", "`test_top_5` in `summary.csv`",
            f"{UNIT}/scripts/test_comparing.py"
            "::test_compare_settings_writes_means_of_all_measures",
        ),
        Item(
            "size in MB, depth, FLOPs, milliseconds forward and backward of every network",
            "`scenery networks`",
            f"{UNIT}/models/test_network_costs.py::test_measure_counts_and_times_both_passes",
        ),
        Item(
            "published top-1 and top-5 accuracy on ImageNet", "`scenery networks`",
            f"{UNIT}/models/test_network_costs.py::test_networks_lists_published_networks",
        ),
    ],
    "Slides": [
        Item(
            "one slide for each task, with its result and configuration",
            "`slides: short`, the default",
            f"{UNIT}/reporting/test_slides.py"
            "::test_study_slides_short_deck_has_one_slide_for_each_experiment",
        ),
        Item(
            "loss curves beside accuracy on a slide", "`slides`",
            f"{UNIT}/reporting/test_slides.py"
            "::test_study_slides_losses_stand_beside_accuracies",
        ),
        Item(
            "live curves in TensorBoard while fine-tuning", "`results/checkpoints/`",
            f"{UNIT}/training/test_tensorboard.py"
            "::test_live_curves_can_be_read_after_every_epoch",
        ),
        Item(
            "the last epochs on the terminal", "the log of a job",
            f"{EPOCHS}::test_each_epoch_has_a_line_with_its_measures_and_the_time_left",
        ),
    ],
    "Looking inside": [
        Item(
            "feature maps", "`explain`",
            f"{EXPLANATION}::test_feature_maps_hold_what_the_layers_give",
        ),
        Item(
            "filters of the first layer", "`explain`",
            f"{EXPLANATION}::test_filters_come_in_red_green_blue_and_strongest_first",
        ),
        Item(
            "Grad-CAM", "`explain`",
            f"{EXPLANATION}::test_grad_cam_is_the_class_activation_map_of_a_linear_head",
        ),
        Item(
            "any layer, any image of one's own", "`explain.layers`, `explain.files`",
            f"{UNIT}/scripts/test_explaining.py"
            "::test_explain_shows_layers_and_files_of_the_config",
        ),
        Item(
            "patches that excite a channel most", "`explain`",
            f"{UNIT}/inference/test_patches.py::test_patches_are_around_the_largest_activations",
        ),
    ],
}  # fmt: skip
