package glia.reason.trace;

import glia.reason.search.SampleData;
import glia.train.recipe.DataGenerator;
import glia.train.recipe.RecipeExtension;
import glia.train.recipe.ShippedRecipes.Shipped;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The recipes of the model `reasoner` and of the stages of DeepSeek-R1, its chat template, and traces and samples as
/// training data.
public final class ReasonerRecipes implements RecipeExtension {
    private static final String TEMPLATE = "reasoner.jinja";

    /// For [java.util.ServiceLoader].
    public ReasonerRecipes() { }

    @Override
    public List<Shipped> recipes() {
        return Stream.of("reasoner", "reasoner-drills", "reasoner-traces", "reasoner-rejection", "reasoner-rl",
                "r1", "r1-cold-start", "r1-reasoning", "r1-rejection", "r1-preferences").map(name -> Shipped.read(name,
                ReasonerRecipes.class.getResourceAsStream("/glia/reason/recipes/" + name + ".yaml"))).toList();
    }

    @Override
    public Map<String, String> data() {
        return Map.of(TEMPLATE, "chat template with a switch for thinking, for tokenizer.chat_template");
    }

    @Override
    public InputStream openData(String name) {
        return ReasonerRecipes.class.getResourceAsStream("/glia/reason/data/" + name);
    }

    @Override
    public List<DataGenerator> generators() {
        return List.of(new TraceData(), new SampleData());
    }
}
