package glia.integrations;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.hub.DefaultModel;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocation;
import glia.io.hub.Progress;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// SmolLM2-135M, which the tests of this module share, as a user behind a closed network gets it.
public final class SmolLm2 {
    private static LanguageModel model;

    private SmolLm2() { }

    /// The model; tests that need it are skipped where it cannot be had. Its answers do not depend on what is cached.
    public static synchronized LanguageModel model() {
        if (model == null) {
            try {
                model = LanguageModel.load(path(), LoadOptions.defaults().withBatchInvariance());
            } catch (IOException e) {
                assumeTrue(false, e.getMessage());
            }
            Runtime.getRuntime().addShutdownHook(new Thread(model::close));
        }
        return model;
    }

    private static Path path() throws IOException {
        HubSettings user = HubSettings.fromEnvironment();
        Path noHub = Files.createTempDirectory("glia-no-hub");
        ModelLocation choice = new DefaultModel(new HubSettings(URI.create("http://127.0.0.1:1"), Optional.empty(),
                noHub, user.gliaCache(), false, user.symlinks())).choose(Progress.NONE);
        Files.delete(noHub);
        assumeTrue(choice.origin() == ModelLocation.Origin.PYTHON_PACKAGE, choice.explanation());
        return choice.path();
    }
}
