package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.terminal.Console;
import glia.io.Suggestions;
import glia.io.yaml.YamlDocument;
import glia.plan.data.Devices;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// Needs of a plan that are not options: from a YAML file, or from questions at a terminal.
final class PlanNeeds {
    /// The answer to where a model may run that means this machine.
    static final String HERE = "here";

    private static final String PLACE = "--device";

    private PlanNeeds() { }

    /// Adds the needs of a file, whose keys are the names of options without their dashes. Options that were given
    /// come first.
    ///
    /// @throws IOException if a key is unknown or a value is none of the option's; it names the line
    static Arguments of(Path file, Arguments arguments, List<Option<?>> options) throws IOException {
        YamlDocument yaml = YamlDocument.read(file);
        List<String> keys = options.stream().map(option -> option.name().substring(2)).toList();
        Arguments all = arguments;
        for (String key : yaml.values().keySet()) {
            int at = keys.indexOf(key);
            if (at < 0) {
                throw yaml.error(key, "is unknown." + Suggestions.sentence(key, keys)
                        + " The keys are " + String.join(", ", keys));
            }
            all = ModelFile.with(all, options.get(at), key, arguments, yaml);
        }
        return all;
    }

    /// Asks for needs, one after the other; an empty answer leaves the default. The end of the input leaves the rest;
    /// empty if the user interrupts.
    static Optional<Arguments> ask(Arguments arguments, List<Option<?>> options, Console console) throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().name("glia").system(true).nativeSignals(true)
                .signalHandler(Terminal.SignalHandler.SIG_DFL).build()) {
            return ask(terminal, arguments, options, console);
        }
    }

    static Optional<Arguments> ask(Terminal terminal, Arguments arguments, List<Option<?>> options, Console console) {
        console.printText("Enter leaves the default; Tab completes.");
        Arguments all = arguments;
        StringBuilder command = new StringBuilder("glia plan");
        try {
            for (Option<?> option : options) {
                boolean isPlace = option.name().equals(PLACE);
                String question = isPlace ? "where it may run: " + HERE + " (this machine) or the name of a device "
                        + "(default: any with a price)" : option.description();
                LineReader reader = LineReaderBuilder.builder().terminal(terminal)
                        .completer(new StringsCompleter(isPlace ? List.of(HERE) : option.choices())).build();
                String answer;
                do {
                    console.printText(question + (option.choices().isEmpty() ? "" : ", one of "
                            + String.join(", ", option.choices())));
                    answer = reader.readLine(console.prompt()).strip();
                } while (!answer.isEmpty() && !fits(option, answer, console));
                if (!answer.isEmpty()) {
                    all = all.with(option, answer);
                    command.append(' ').append(option.name()).append(' ').append(answer.contains(" ")
                            ? '"' + answer + '"' : answer);
                }
            }
        } catch (UserInterruptException e) {
            return Optional.empty();
        } catch (EndOfFileException e) {
            console.out().println();
        }
        console.printText("The same as: " + command);
        console.out().println();
        return Optional.of(all);
    }

    private static boolean fits(Option<?> option, String answer, Console console) {
        try {
            option.parser().apply(answer);
            if (option.name().equals(PLACE) && !answer.equals(HERE)) {
                Devices.known().get(answer);
            }
            return true;
        } catch (IllegalArgumentException e) {
            console.printText(e.getMessage());
            return false;
        }
    }
}
