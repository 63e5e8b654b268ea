package glia.train.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a run is, for its records.
///
/// @param title its name
/// @param steps the updates of the whole run
/// @param recipe its settings in order, by key
/// @param environment where it runs, in order: versions, processor, kernel backend
public record RunDescription(String title, long steps, Map<String, String> recipe, Map<String, String> environment) {
    public RunDescription {
        if (steps < 0) {
            throw new IllegalArgumentException(steps + " steps, expected 0 or more");
        }
        recipe = Collections.unmodifiableMap(new LinkedHashMap<>(recipe));
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /// The environment of the Java runtime: Java version, operating system, processors, memory of the heap.
    public static Map<String, String> javaEnvironment() {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        environment.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch"));
        environment.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        environment.put("max_heap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB");
        return environment;
    }
}
