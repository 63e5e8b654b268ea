package glia.jmh.compare;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The command line of an experiment:
///
///     --out FOLDER [--text FILE] [--seeds 1,2] [--minutes N] [--steps N]
///
/// @param folder of results, tables and charts
/// @param text the training text, which some experiments need
/// @param seeds of initial weights and batches
/// @param minutes after which no other run starts; 0 only estimates the time
/// @param steps of a run
record Options(Path folder, Optional<Path> text, List<Integer> seeds, double minutes, int steps) {
    private static final List<String> NAMES = List.of("--out", "--text", "--seeds", "--minutes", "--steps");

    /// Reads the arguments.
    ///
    /// @param steps their number without `--steps`
    /// @throws IllegalArgumentException with the usage, if an option is unknown, missing or invalid
    static Options parse(String[] args, int steps) {
        Path folder = null;
        Optional<Path> text = Optional.empty();
        List<Integer> seeds = List.of(1, 2);
        double minutes = Double.POSITIVE_INFINITY;
        int number = steps;
        for (int i = 0; i < args.length; i += 2) {
            if (!NAMES.contains(args[i]) || i + 1 == args.length) {
                throw error(NAMES.contains(args[i]) ? args[i] + " has no value" : "unknown option " + args[i]);
            }
            String value = args[i + 1];
            try {
                switch (args[i]) {
                    case "--out" -> folder = Path.of(value);
                    case "--text" -> text = Optional.of(Path.of(value));
                    case "--seeds" -> seeds = Arrays.stream(value.split(",")).map(Integer::valueOf).toList();
                    case "--minutes" -> minutes = Double.parseDouble(value);
                    default -> number = Integer.parseInt(value);
                }
            } catch (NumberFormatException e) {
                throw error(args[i] + ": found " + value + ", expected a number");
            }
        }
        if (folder == null) {
            throw error("--out is missing");
        }
        if (number < 1 || !(minutes >= 0)) {
            throw error("--steps must be at least 1 and --minutes at least 0");
        }
        return new Options(folder, text, seeds, minutes, number);
    }

    private static IllegalArgumentException error(String problem) {
        return new IllegalArgumentException(problem
                + "; usage: --out FOLDER [--text FILE] [--seeds 1,2] [--minutes N] [--steps N]");
    }

    /// The text.
    ///
    /// @throws IllegalArgumentException if there is none
    Path requireText() {
        return text.orElseThrow(() -> error("--text is missing"));
    }
}
