package glia.reason.run;

import glia.reason.task.ProblemData;
import glia.train.recipe.KeyConditions.KeyCondition;
import glia.train.recipe.RecipeExtension.DataGenerator;
import glia.train.recipe.RecipeExtension.ModelGenerator;
import glia.train.recipe.RecipeExtension;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.RecipeKeys;
import glia.train.recipe.ShippedRecipes.Shipped;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `task: rl` of recipes: reinforcement learning with verifiable rewards.
public final class RlExtension implements RecipeExtension {
    private static final String TASK = "rl";
    private static final String TEMPLATE = "pictures.jinja";
    private static final String DEMO = "largest-digit.jsonl";

    /// For [java.util.ServiceLoader].
    public RlExtension() { }

    @Override
    public Map<String, String> tasks() {
        return Map.of(TASK, "reinforcement learning with verifiable rewards");
    }

    @Override
    public List<RecipeKey<?>> keys() {
        return RlKeys.ALL;
    }

    @Override
    public List<KeyCondition> conditions() {
        return RlConditions.of(TASK);
    }

    @Override
    public List<Shipped> recipes() {
        return Stream.of("rl", "rl-demo", "shapes", "shapes-sft", "shapes-rl", "native", "fused-late")
                .map(name -> Shipped.read(name, RlExtension.class.getResourceAsStream("/glia/reason/recipes/" + name
                        + ".yaml"))).toList();
    }

    @Override
    public Map<String, String> data() {
        return Map.of(DEMO, "1,000 problems: the largest of three digits", TEMPLATE,
                "chat template with pictures, for tokenizer.chat_template");
    }

    @Override
    public InputStream openData(String name) {
        return RlExtension.class.getResourceAsStream("/glia/reason/data/" + name);
    }

    @Override
    public List<DataGenerator> generators() {
        return List.of(new ProblemData());
    }

    @Override
    public List<ModelGenerator> models() {
        return List.of(new NativeModel());
    }

    @Override
    public TaskRun open(String task, TaskContext context) throws IOException {
        return RlTask.open(context);
    }

    /// What keys need to have an effect in `task: rl`.
    static final class RlConditions {
        private RlConditions() { }

        static List<KeyCondition> of(String task) {
            return List.of(
                    new KeyCondition(List.of(RecipeKeys.TRAIN), List.of(RecipeKeys.TASK),
                    "tokenizer.train, or another task"
                            + " than rl, whose problems are those of problems.task or problems.files",
                            r -> !r.get(RecipeKeys.TASK).equals(task) || r.has(RecipeKeys.NEW_TOKENIZER)),
                    new KeyCondition(List.of(RecipeKeys.VALIDATION, RecipeKeys.VALIDATION_SHARE, RecipeKeys.TRUNCATE,
                            RecipeKeys.SEQUENCES, RecipeKeys.ACCUMULATE, RecipeKeys.VALIDATE_BATCHES),
                            List.of(RecipeKeys.TASK), "another task than rl",
                            r -> !r.get(RecipeKeys.TASK).equals(task)),
                    KeyCondition.of(List.of(RlKeys.VALUE_COEFFICIENT, RlKeys.VALUE_CLIP, RlKeys.GAMMA, RlKeys.LAMBDA),
                            RlKeys.METHOD, "ppo"),
                    KeyCondition.isSet(List.of(RlKeys.ENTROPY_STEP, RlKeys.ENTROPY_MIN, RlKeys.ENTROPY_MAX),
                            RlKeys.ENTROPY_TARGET),
                    KeyCondition.isSet(List.of(RlKeys.KL_HORIZON), RlKeys.KL_TARGET),
                    new KeyCondition(List.of(RlKeys.KL_ESTIMATOR, RlKeys.KL_PLACEMENT, RlKeys.REFERENCE),
                            List.of(RlKeys.METHOD, RlKeys.KL), "rl.kl above 0",
                            r -> RlMethod.of(r).objective().kl().isActive()),
                    KeyCondition.of(List.of(RlKeys.CORRECTION_BOUND), RlKeys.CORRECTION, "token_truncate", "token_mask",
                            "sequence_truncate", "sequence_mask"),
                    KeyCondition.of(List.of(RlKeys.CORRECTION_BOUNDS, RlKeys.CORRECTION_NORMALIZES), RlKeys.CORRECTION,
                            "token", "sequence"),
                    KeyCondition.isSet(List.of(RlKeys.HELD_OUT, RlKeys.HELD_OUT_SHARE), RlKeys.FILES),
                    new KeyCondition(List.of(RlKeys.HELD_OUT_SHARE), List.of(RlKeys.HELD_OUT),
                            "a recipe without problems.held_out", r -> !r.has(RlKeys.HELD_OUT)),
                    KeyCondition.isSet(List.of(RlKeys.PROBLEM_SEED, RlKeys.PICTURES), RlKeys.PROBLEMS),
                    KeyCondition.of(List.of(RlKeys.SYSTEM), RlKeys.CHAT, true),
                    KeyCondition.above0(List.of(RlKeys.EVALUATION_TEMPERATURE), RlKeys.EVALUATED),
                    KeyCondition.above0(List.of(RlKeys.SHOW), RlKeys.SHOW_EVERY));
        }
    }
}
