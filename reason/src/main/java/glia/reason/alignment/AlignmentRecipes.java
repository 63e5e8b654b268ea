package glia.reason.alignment;

import glia.train.recipe.RecipeExtension;
import glia.train.recipe.ShippedRecipes.Shipped;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Recipes and data of alignment; the tasks are those of others.
public final class AlignmentRecipes implements RecipeExtension {
    private static final List<String> NAMES = List.of("constitutional-sft", "constitutional-dpo", "rlhf-sft",
            "rlhf-reward", "rlhf-ppo");

    /// For [java.util.ServiceLoader].
    public AlignmentRecipes() { }

    @Override
    public List<Shipped> recipes() {
        return NAMES.stream().map(name -> Shipped.read(name,
                AlignmentRecipes.class.getResourceAsStream("/glia/reason/recipes/" + name + ".yaml"))).toList();
    }

    @Override
    public Map<String, String> data() {
        Map<String, String> data = new LinkedHashMap<>();
        data.put("everyday.jsonl", "60 everyday questions without answers");
        data.put("everyday-held-out.jsonl", "40 other such questions");
        return data;
    }

    @Override
    public InputStream openData(String name) {
        return AlignmentRecipes.class.getResourceAsStream("/glia/reason/data/" + name);
    }
}
