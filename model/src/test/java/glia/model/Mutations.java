package glia.model;

import com.sun.management.ThreadMXBean;
import glia.io.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Hostile values for configs and metadata, and the limits of loading a checkpoint with one: it results in a model or a
/// `CheckpointException`, in less than two seconds of CPU time and within bounded memory.
final class Mutations {
    /// Stands for a missing key.
    static final Object MISSING = new Object();

    /// The values.
    static final List<Object> HOSTILE = Collections.unmodifiableList(Arrays.asList(MISSING, null, 0, -1, 1, 2, 3, 7,
            100_000_001, 1_000_000_000, Integer.MAX_VALUE, Integer.MIN_VALUE, 2_147_483_648L, Long.MAX_VALUE, 1e308,
            -1e308, 1e-308, 1e-44, 0.5, -0.5, 1e9, "NaN", "Infinity", "x", "", true, false, List.of(), List.of(1, 2, 3),
            List.of("full_attention"), Collections.nCopies(100_000, 1), Collections.nCopies(100_000, "mamba"), Map.of(),
            Map.of("__float__", "Infinity"), Map.of("rope_type", "yarn", "factor", 4.0)));

    private static final long MOST_NANOS = 2_000_000_000L;
    private static final int MOST_LETTERS = 800;
    private static final long MOST_BYTES = 256L << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Mutations() { }

    /// The golden checkpoints of the tests and, with `GLIA_SHARED`, the others that load.
    static List<Path> goldens() {
        try {
            List<Path> folders = new ArrayList<>(in(Path.of(Mutations.class.getResource("/golden/llama/config.json")
                    .toURI()).getParent().getParent()));
            String shared = System.getenv("GLIA_SHARED");
            if (shared != null) {
                folders.addAll(in(Path.of(shared, "golden")));
                folders.addAll(in(Path.of(shared, "golden-more")));
            }
            return folders.stream().filter(Mutations::loads).toList();
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Path> in(Path parent) {
        try (Stream<Path> folders = Files.list(parent)) {
            return folders.filter(f -> Files.exists(f.resolve("config.json"))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean loads(Path folder) {
        try (Model model = ModelLoader.load(folder)) {
            return model.spec().vocabSize() > 0;
        } catch (CheckpointException e) {
            return false;
        }
    }

    /// Loads a mutated checkpoint.
    ///
    /// @param mutation description, for the message
    /// @return a description of a wrong outcome, if it is wrong
    static Optional<String> load(Path path, String mutation) {
        long nanos = THREADS.getCurrentThreadCpuTime();
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        String wrong = null;
        try (Model model = ModelLoader.load(path)) {
            wrong = model.spec().vocabSize() > 0 ? null : "loads without a vocabulary";
        } catch (CheckpointException e) {
            wrong = e.getMessage().length() < MOST_LETTERS ? null : "has a message of " + e.getMessage().length()
                    + " letters: " + e.getMessage().substring(0, MOST_LETTERS);
        } catch (Throwable e) {
            wrong = "throws " + e;
        }
        long took = THREADS.getCurrentThreadCpuTime() - nanos;
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        wrong = took < MOST_NANOS ? wrong : "takes " + took / 1e9 + " s";
        wrong = allocated < MOST_BYTES ? wrong : "allocates " + allocated + " bytes";
        return wrong == null ? Optional.empty() : Optional.of(mutation + " " + wrong);
    }

    /// The paths to all inner values, outermost key first; of lists only the first element.
    static List<List<Object>> paths(Object value) {
        List<List<Object>> paths = new ArrayList<>();
        collect(value, List.of(), paths);
        return paths;
    }

    private static void collect(Object value, List<Object> path, List<List<Object>> paths) {
        if (!path.isEmpty()) {
            paths.add(path);
        }
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, inner) -> collect(inner, append(path, key), paths));
        } else if (value instanceof List<?> list && !list.isEmpty()) {
            collect(list.getFirst(), append(path, 0), paths);
        }
    }

    private static List<Object> append(List<Object> path, Object key) {
        List<Object> longer = new ArrayList<>(path);
        longer.add(key);
        return longer;
    }

    /// A copy of a value with another value at a path.
    static Object with(Object value, List<Object> path, Object hostile) {
        if (path.isEmpty()) {
            return hostile;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> copy = new LinkedHashMap<>(map);
            Object inner = with(map.get(path.getFirst()), path.subList(1, path.size()), hostile);
            if (inner == MISSING) {
                copy.remove(path.getFirst());
            } else {
                copy.put(path.getFirst(), inner);
            }
            return copy;
        }
        List<Object> copy = new ArrayList<>((List<?>) value);
        Object inner = with(copy.getFirst(), path.subList(1, path.size()), hostile);
        if (inner == MISSING) {
            copy.removeFirst();
        } else {
            copy.set(0, inner);
        }
        return copy;
    }

    /// A description of a mutation.
    static String words(Path folder, List<Object> path, Object hostile) {
        String text = hostile == MISSING ? "missing" : String.valueOf(hostile);
        return folder.getFileName() + ": " + path + " = " + (text.length() > 60 ? text.substring(0, 60) + "…" : text);
    }
}
