package glia.cli.option;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.engine.steer.ControlVector;
import glia.engine.steer.Steering;
import glia.io.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Options of control vectors, among those of [GenerationFlags].
public final class SteeringFlags {
    static final String GROUP = "Steering";

    static final Option<String> VECTOR = Option.text("FILE[:SCALE]", "control vector (GGUF, made by glia steer or "
            + "llama.cpp) that is added to the residual stream, times SCALE (default: 1); may be given several times",
            "--control-vector").repeated().in(GROUP).elsewhere("--control-vector-scaled", "--cvec", "--steer");
    static final Option<String> LAYERS = Option.parsed("FROM-TO", List.of(), SteeringFlags::checked,
            "layers in which control vectors are added, from 0, as 10-14 (default: all that a vector has)",
            "--control-vector-layers").in(GROUP).elsewhere("--control-vector-layer-range");

    private static final Pattern SCALED = Pattern.compile("(.+):([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)");
    private static final Pattern RANGE = Pattern.compile("(\\d{1,6})(?:(-)(\\d{1,6})?)?");
    private static final String ENDING = ".gguf";

    private SteeringFlags() { }

    private static String checked(String word) {
        range(word);
        return word;
    }

    /// The first and last layer of `10-14`, `10` or `10-`.
    ///
    /// @throws IllegalArgumentException if it is no range
    public static int[] range(String word) {
        Matcher m = RANGE.matcher(word.strip());
        if (m.matches()) {
            int first = Integer.parseInt(m.group(1));
            int last = m.group(3) != null ? Integer.parseInt(m.group(3)) : m.group(2) != null ? Integer.MAX_VALUE - 1
                    : first;
            if (first <= last) {
                return new int[] {first, last};
            }
        }
        throw new IllegalArgumentException("found '" + word + "', expected layers such as 10-14, 12 or 10-");
    }

    /// The control vectors of a command line, in place of others if it has any.
    ///
    /// @throws UsageException if a file is not one, or the vectors do not fit together
    static Steering of(Arguments arguments, Steering otherwise) {
        if (!arguments.has(VECTOR)) {
            if (arguments.has(LAYERS)) {
                throw new UsageException(LAYERS.name() + " needs " + VECTOR.name());
            }
            return otherwise;
        }
        int[] layers = range(arguments.get(LAYERS).orElse("0-"));
        List<Steering.Part> parts = new ArrayList<>();
        try {
            for (String word : arguments.all(VECTOR)) {
                Matcher scaled = SCALED.matcher(word);
                boolean hasScale = scaled.matches() && !Files.exists(Path.of(word));
                Path file = Path.of(hasScale ? scaled.group(1) : word);
                int colon = word.lastIndexOf(':');
                if (!hasScale && colon > 0 && !Files.exists(file) && Files.exists(Path.of(word.substring(0, colon)))) {
                    throw new IllegalArgumentException("found '" + word.substring(colon + 1) + "' after "
                            + word.substring(0, colon) + ":, expected a factor such as 1.5 or -2");
                }
                parts.add(new Steering.Part(ControlVector.read(file, name(file)),
                        hasScale ? Double.parseDouble(scaled.group(2)) : 1, layers[0], layers[1]));
            }
            return Steering.of(parts);
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new UsageException(VECTOR.name() + ": " + e.getMessage(), e);
        }
    }

    /// The name of a file's control vector in requests and messages: without its ending.
    public static String name(Path file) {
        String name = file.getFileName().toString();
        return name.toLowerCase(Locale.ROOT).endsWith(ENDING) ? name.substring(0, name.length() - ENDING.length())
                : name;
    }

    /// The control vectors as `/set` lists them.
    static String shown(Steering steering) {
        return steering.parts().isEmpty() ? "(none)" : steering.parts().stream().map(p -> p.vector().name() + ":"
                + p.scale()).collect(Collectors.joining(" "));
    }
}
