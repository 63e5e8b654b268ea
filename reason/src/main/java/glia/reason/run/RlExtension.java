package glia.reason.run;

import glia.train.recipe.KeyCondition;
import glia.train.recipe.RecipeExtension;
import glia.train.recipe.RecipeKey;
import glia.train.recipe.ShippedRecipes.Shipped;
import glia.train.recipe.TaskContext;
import glia.train.recipe.TaskRun;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/// `task: rl` of recipes: reinforcement learning with verifiable rewards.
public final class RlExtension implements RecipeExtension {
    private static final String TASK = "rl";
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
        return List.of("rl", "rl-demo").stream().map(name -> Shipped.read(name,
                RlExtension.class.getResourceAsStream("/glia/reason/recipes/" + name + ".yaml"))).toList();
    }

    @Override
    public Map<String, String> data() {
        return Map.of(DEMO, "1,000 problems: the largest of three digits");
    }

    @Override
    public InputStream openData(String name) {
        return RlExtension.class.getResourceAsStream("/glia/reason/data/" + name);
    }

    @Override
    public TaskRun open(String task, TaskContext context) throws IOException {
        return RlTask.open(context);
    }
}
