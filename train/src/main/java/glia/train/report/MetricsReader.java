package glia.train.report;

import glia.io.CheckpointException;
import glia.io.file.AtomicFile;
import glia.io.json.JsonTree.JsonErrors;
import glia.io.json.JsonValues;
import glia.train.run.TrainingListener.ScoredText;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.run.TrainingListener;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// Reads a [MetricsFile].
public final class MetricsReader {
    private MetricsReader() { }

    /// Receives the lines of a file.
    private interface Lines {
        void line(byte[] line, Map<?, ?> values, long step) throws IOException;
    }

    /// Repeats the events of a run for a listener, without checkpoints and starts. An incomplete last line is left out.
    ///
    /// @throws CheckpointException if a line is broken or the file cannot be read
    public static void replay(Path file, TrainingListener listener) throws CheckpointException {
        read(file, (_, values, step) -> event(values, step, listener));
    }

    /// The settings of a run by key, those of its last start; empty if the file has no start.
    ///
    /// @throws CheckpointException if a line is broken or the file cannot be read
    public static Map<String, String> recipe(Path file) throws CheckpointException {
        Map<String, String> recipe = new LinkedHashMap<>();
        read(file, (_, values, _) -> {
            if (values.get("event").equals("start") && values.get("recipe") instanceof Map<?, ?> settings) {
                recipe.clear();
                settings.forEach((key, value) -> recipe.put((String) key, String.valueOf(value)));
            }
        });
        return recipe;
    }

    /// Removes the lines of later steps, and an incomplete last line.
    static void cut(Path file, long step) throws CheckpointException {
        long[] kept = new long[1];
        read(file, (line, _, at) -> kept[0] += at <= step ? line.length + 1 : 0);
        try {
            if (kept[0] == Files.size(file)) {
                return;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        AtomicFile.write(file, AtomicFile.IfExists.REPLACE, out -> read(file, (line, _, at) -> {
            if (at <= step) {
                out.write(line);
                out.write(new byte[] {'\n'});
            }
        }));
    }

    private static void read(Path file, Lines lines) throws CheckpointException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            long number = 1;
            for (int b = in.read(); b >= 0; b = in.read()) {
                if (b != '\n') {
                    bytes.write(b);
                    continue;
                }
                byte[] line = bytes.toByteArray();
                bytes.reset();
                Map<?, ?> values = parse(file, number, line);
                try {
                    lines.line(line, values, number(values, "step").longValue());
                } catch (ClassCastException | IllegalArgumentException e) {
                    throw broken(file, number, e.getMessage(), e);
                }
                number++;
            }
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static Map<?, ?> parse(Path file, long number, byte[] line) throws CheckpointException {
        try {
            if (JsonValues.parse(line) instanceof Map<?, ?> map) {
                return map;
            }
        } catch (JacksonException e) {
            throw broken(file, number, JsonErrors.reason(e), e);
        }
        throw broken(file, number, "is no JSON object", null);
    }

    private static CheckpointException broken(Path file, long line, String problem, Exception cause) {
        return new CheckpointException(file, "line " + line, problem + "; expected a line that a run wrote. Delete the "
                + "line, or move the file away so that a new one is begun", cause);
    }

    private static CheckpointException unreadable(Path file, IOException e) {
        return new CheckpointException(file, "", "cannot be read: " + e.getMessage(), e);
    }

    private static void event(Map<?, ?> line, long step, TrainingListener listener) {
        switch (text(line, "event")) {
            case "step" -> listener.step(new StepFigures(step, decimal(line, "loss"), decimal(line, "gradient_norm"),
                    decimal(line, "learning_rate"), number(line, "tokens").longValue(),
                    number(line, "tokens_seen").longValue(), decimal(line, "seconds"),
                    line.containsKey("parts") ? decimals(line, "parts") : Map.of()));
            case "validation" -> listener.validated(step, decimal(line, "loss"), line.get("best") == Boolean.TRUE);
            case "samples" -> {
                Map<String, String> samples = new LinkedHashMap<>();
                object(line, "samples").forEach((prompt, text) -> samples.put((String) prompt, (String) text));
                listener.sampled(step, samples);
            }
            case "evaluation" -> listener.evaluated(step, decimals(line, "figures"));
            case "rollouts" -> listener.scored(step, scored(line));
            case "measurements" -> listener.measured(step, decimals(line, "values"));
            case "warning" -> listener.warned(step, text(line, "message"));
            default -> { }
        }
    }

    private static List<ScoredText> scored(Map<?, ?> line) {
        List<ScoredText> texts = new ArrayList<>();
        for (Object each : list(line, "texts")) {
            if (!(each instanceof Map<?, ?> text)) {
                throw expected(line, "texts", "a list of objects");
            }
            List<String> tokens = list(text, "tokens").stream().map(String::valueOf).toList();
            List<Double> values = list(text, "values").stream()
                    .map(v -> v instanceof Number n ? n.doubleValue() : Double.parseDouble(String.valueOf(v))).toList();
            texts.add(new ScoredText(text(text, "title"), text(text, "prompt"), tokens, values));
        }
        return texts;
    }

    private static List<?> list(Map<?, ?> line, String key) {
        return line.get(key) instanceof List<?> list ? list : expect(line, key, "a list");
    }

    private static Map<String, Double> decimals(Map<?, ?> line, String key) {
        Map<?, ?> object = object(line, key);
        Map<String, Double> decimals = new LinkedHashMap<>();
        object.keySet().forEach(name -> decimals.put((String) name, decimal(object, (String) name)));
        return decimals;
    }

    private static double decimal(Map<?, ?> line, String key) {
        return switch (line.get(key)) {
            case Number n -> n.doubleValue();
            case String s -> Double.parseDouble(s);
            case null, default -> throw expected(line, key, "a number");
        };
    }

    private static Number number(Map<?, ?> line, String key) {
        return line.get(key) instanceof Number n ? n : expect(line, key, "a number");
    }

    private static Map<?, ?> object(Map<?, ?> line, String key) {
        return line.get(key) instanceof Map<?, ?> map ? map : expect(line, key, "an object");
    }

    private static String text(Map<?, ?> line, String key) {
        return line.get(key) instanceof String s ? s : expect(line, key, "a string");
    }

    private static <T> T expect(Map<?, ?> line, String key, String what) {
        throw expected(line, key, what);
    }

    private static IllegalArgumentException expected(Map<?, ?> line, String key, String what) {
        return new IllegalArgumentException("\"" + key + "\" is " + line.get(key) + ", expected " + what);
    }
}
