package glia.jmh.compare;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;

/// The results of an experiment: a file with a JSON object a line, each of which holds the settings of a run and what
/// was measured. A run whose settings are there is not repeated, so an experiment may be stopped at any moment. The
/// rest of a line that was not written to its end is removed.
final class Results {
    private final Path file;
    private final List<Map<String, Object>> lines = new ArrayList<>();

    private Results(Path file) {
        this.file = file;
    }

    /// Opens a file, which need not exist.
    ///
    /// @throws IOException if it cannot be read, or a line is not a JSON object
    static Results open(Path file) throws IOException {
        Results results = new Results(file);
        if (Files.exists(file)) {
            String text = Files.readString(file);
            int end = text.lastIndexOf('\n') + 1;
            if (end < text.length()) {
                text = text.substring(0, end);
                Files.writeString(file, text);
            }
            int number = 0;
            for (String line : text.lines().toList()) {
                number++;
                results.lines.add(object(file, number, line));
            }
        }
        return results;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Path file, int number, String line) throws IOException {
        try {
            if (JsonValues.parse(line) instanceof Map<?, ?> map) {
                return (Map<String, Object>) map;
            }
        } catch (JacksonException e) {
            throw new IOException(file + ": line " + number + ": " + e.getOriginalMessage() + "; remove the line", e);
        }
        throw new IOException(file + ": line " + number + ": found " + line + ", expected a JSON object");
    }

    /// The first result with these settings.
    Optional<Map<String, Object>> find(Map<String, Object> settings) {
        return all(settings).stream().findFirst();
    }

    /// All results with these settings, in the order in which they were added.
    List<Map<String, Object>> all(Map<String, Object> settings) {
        Map<String, Object> wanted = JsonValues.object(settings);
        return lines.stream().filter(line -> wanted.entrySet().stream()
                .allMatch(e -> e.getValue().equals(line.get(e.getKey())))).toList();
    }

    /// Appends a result.
    ///
    /// @throws IllegalArgumentException if a value is measured that is a setting too, or is no JSON value
    void add(Map<String, Object> settings, Map<String, Object> measured) throws IOException {
        Map<String, Object> line = new LinkedHashMap<>(settings);
        measured.forEach((key, value) -> {
            if (line.put(key, value) != null) {
                throw new IllegalArgumentException(key + " is both a setting and a measurement");
            }
        });
        Files.write(file, (JsonTree.of(line) + "\n").getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
        lines.add(JsonValues.object(line));
    }

    /// A number of a result; NaN if it has none, as a run whose loss was no longer finite.
    static double number(Map<String, Object> result, String key) {
        return result.get(key) instanceof Number n ? n.doubleValue() : Double.NaN;
    }

    /// The numbers of a list of a result; none if there is no such list.
    static double[] numbers(Map<String, Object> result, String key) {
        return result.get(key) instanceof List<?> list
                ? list.stream().mapToDouble(v -> v instanceof Number n ? n.doubleValue() : Double.NaN).toArray()
                : new double[0];
    }

    /// The mean over results; NaN if there are none.
    static double mean(List<Map<String, Object>> results, String key) {
        return results.stream().mapToDouble(r -> number(r, key)).average().orElse(Double.NaN);
    }

    /// The mean over results, element by element.
    ///
    /// @param count of elements; those that are missing are NaN
    static double[] means(List<Map<String, Object>> results, String key, int count) {
        return each(results, key, count, all -> all.average().orElse(Double.NaN));
    }

    /// The same with another function of the results' elements.
    static double[] each(List<Map<String, Object>> results, String key, int count,
            ToDoubleFunction<DoubleStream> function) {
        return IntStream.range(0, count).mapToDouble(i -> function.applyAsDouble(results.stream()
                .map(r -> numbers(r, key)).mapToDouble(v -> i < v.length ? v[i] : Double.NaN))).toArray();
    }
}
