package glia.spark;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.tensor.Precision;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/// A model as tasks of a cluster name it. Each executor loads it once, and its tasks share it: rows of all of them are
/// computed in one batch. Kernels are batch-invariant, so that a row's result depends neither on the other rows nor on
/// the number of executors.
///
/// @param name a path that exists on each machine, or a name on the hub, which each machine downloads into its cache
/// @param precision of the products
/// @param threads of an executor; 0 for one a core
/// @param contextLength 0 for the model's own
public record SparkModel(String name, Precision precision, int threads, int contextLength) implements Serializable {
    /// The option of driver and executors without which the engine would compute without vectors.
    public static final String JVM_OPTIONS = "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED";
    private static final Map<SparkModel, LanguageModel> LOADED = new HashMap<>();

    /// A model in half precision on all cores.
    public SparkModel(String name) {
        this(name, Precision.HALF, 0, 0);
    }

    /// The model in this process, loaded at the first call. It stays loaded.
    ///
    /// @throws IOException if it cannot be found or read
    /// @throws IllegalStateException if this process was started without [#JVM_OPTIONS]
    LanguageModel open() throws IOException {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            throw new IllegalStateException("an executor was started without the module jdk.incubator.vector; set "
                    + "spark.driver.extraJavaOptions and spark.executor.extraJavaOptions to \"" + JVM_OPTIONS + "\"");
        }
        synchronized (LOADED) {
            LanguageModel model = LOADED.get(this);
            if (model == null) {
                LoadOptions options = new LoadOptions(threads, contextLength, "auto", precision).withBatchInvariance();
                model = LanguageModel.load(new ModelLocator(HubSettings.fromEnvironment()).locate(name, Progress.NONE)
                        .path(), options);
                LOADED.put(this, model);
            }
            return model;
        }
    }
}
