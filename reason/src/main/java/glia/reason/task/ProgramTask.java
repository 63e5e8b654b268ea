package glia.reason.task;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// Small Python programs: what do they print? The user's Python computes the answer ([PythonPrograms]).
///
/// The canonical form is the program.
final class ProgramTask extends NamedTask {
    private static final int MAX_OUTPUT = 40;
    private static final int MAX_DIGITS = 6;
    private static final Pattern LEAD = Pattern.compile("(?i)^(it|the program|this program|python) (prints|outputs)"
            + ":?\\s*|^(the )?output( is)?:?\\s*");

    ProgramTask() {
        super("programs", "what a small Python program prints", 2, "assignments", "branches", "loops",
                "lists and strings", "functions and nested loops");
    }

    @Override
    public Instance draw(int level, RandomStream random) {
        while (true) {
            String source = new ProgramWriter(random).write(level);
            String output = PythonPrograms.run(source).output().strip();
            if (!output.isEmpty() && output.length() <= MAX_OUTPUT
                    && !output.matches(".*\\d{" + (MAX_DIGITS + 1) + "}.*")) {
                return new Instance(source, "What does this Python program print?\n\n" + source,
                        Map.of("answer", output, "program", source));
            }
        }
    }

    /// The printed line, without quotation marks for code, or the only number of a sentence.
    @Override
    public Optional<String> read(String text) {
        String line = LEAD.matcher(text.strip()).replaceFirst("");
        if (line.startsWith("```")) {
            line = line.substring(line.indexOf('\n') < 0 ? 3 : line.indexOf('\n') + 1).replaceFirst("```$", "");
        }
        line = line.replaceAll("^`+|`+\\.?$", "").strip();
        if (line.isEmpty() || line.indexOf('\n') >= 0) {
            return Optional.empty();
        }
        Optional<String> number = line.indexOf(' ') < 0 || line.indexOf('[') >= 0 ? Optional.empty()
                : AnswerNumbers.single(line).map(Object::toString);
        return Optional.of(number.orElse(line.replaceFirst("(?<=[\\w\\]])\\.$", "")));
    }
}
