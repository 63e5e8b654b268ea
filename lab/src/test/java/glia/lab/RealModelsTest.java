package glia.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.lab.check.CheckLine;
import glia.lab.check.ModelCheck;
import glia.lab.check.TextCheck;
import glia.tensor.Precision;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Real models hold what Hugging Face's libraries, llama.cpp and llama2.c compute from them.
class RealModelsTest {
    static Path resource(String name) {
        try {
            return Path.of(RealModelsTest.class.getResource("/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static LoadOptions options(Precision precision) {
        return LoadOptions.defaults().withPrecision(precision);
    }

    /// The 4-bit file, fetched as a user behind a closed network gets it.
    static Path smolLm2() throws IOException {
        HubSettings user = HubSettings.fromEnvironment();
        Path noHub = Files.createTempDirectory("glia-no-hub");
        HubSettings settings = new HubSettings(URI.create("http://127.0.0.1:1"), Optional.empty(), noHub,
                user.gliaCache(), false, user.symlinks());
        ModelLocation choice = new DefaultModel(settings).choose(Progress.NONE);
        Files.delete(noHub);
        assumeTrue(choice.origin() == ModelLocation.Origin.PYTHON_PACKAGE, choice.explanation());
        return choice.path();
    }

    private static void checkAll(Path model, Path folder, Precision precision) throws IOException {
        List<CheckLine> lines = new ArrayList<>();
        try (LanguageModel loaded = LanguageModel.load(model, options(precision))) {
            if (precision == Precision.EXACT) {
                ModelCheck.run(folder, loaded.engine(), lines::add);
            }
            TextCheck.run(folder, loaded.tokenizer(), loaded.engine(), precision, lines::add);
        }
        assertTrue(lines.size() >= 4, lines::toString);
        lines.forEach(line -> assertTrue(line.passed(), line::toString));
    }

    @Test
    void storiesAreThoseOfTheReference() throws IOException {
        Path model = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        checkAll(model, resource("stories260K/greedy.json").getParent(), Precision.EXACT);
    }

    @Test
    void smolLm2IsExact() throws IOException {
        checkAll(smolLm2(), resource("smollm2/greedy.json").getParent(), Precision.EXACT);
    }

    @Test
    void smolLm2AnswersInFastArithmetic() throws IOException {
        checkAll(smolLm2(), resource("smollm2/greedy.json").getParent(), Precision.FAST);
    }

    /// The reference gives 28.724 after the first window; the fast arithmetic stays within 0.15 % of that.
    @Test
    void smolLm2ForeseesShakespeareAsTheReferenceDoes() throws IOException {
        for (Precision precision : Precision.values()) {
            try (LanguageModel model = LanguageModel.load(smolLm2(), options(precision))) {
                int[] tokens = model.tokenizer().encode(Files.readString(resource("smollm2/shakespeare.txt")), true);
                double perplexity = Perplexity.of(model.engine(), tokens, -1, 1, (done, total, soFar) -> { });
                assertEquals(28.724, perplexity, precision == Precision.EXACT ? 0.005 : 0.0015 * 28.724);
            }
        }
    }
}
