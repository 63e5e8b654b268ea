package glia.cli.chat;

import glia.cli.terminal.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// Messages typed at a terminal, with line editing and history. Ctrl-C stops an answer, not the program.
final class TerminalInput implements Input {
    private static final int HISTORY_MESSAGES = 1000;

    private final Console console;
    private final Terminal terminal;
    private final LineReader reader;

    /// @param history the file of earlier messages; created if it is missing
    /// @param commands the words that Tab completes
    /// @throws IOException if the terminal cannot be used
    TerminalInput(Console console, Path history, List<String> commands) throws IOException {
        this(TerminalBuilder.builder().name("glia").system(true).dumb(false).nativeSignals(true)
                .signalHandler(Terminal.SignalHandler.SIG_DFL).build(), console, history, commands);
    }

    TerminalInput(Terminal terminal, Console console, Path history, List<String> commands) throws IOException {
        this.console = console;
        this.terminal = terminal;
        Files.createDirectories(history.getParent());
        this.reader = LineReaderBuilder.builder().terminal(terminal).parser(new MessageParser())
                .completer(new StringsCompleter(commands))
                .variable(LineReader.HISTORY_FILE, history)
                .variable(LineReader.HISTORY_SIZE, HISTORY_MESSAGES)
                .variable(LineReader.HISTORY_FILE_SIZE, HISTORY_MESSAGES)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, ". ")
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .option(LineReader.Option.HISTORY_IGNORE_SPACE, false)
                .option(LineReader.Option.INSERT_TAB, false)
                .build();
    }

    @Override
    public String next() {
        boolean warned = false;
        while (true) {
            try {
                return MessageParser.message(reader.readLine(console.prompt()));
            } catch (EndOfFileException e) {
                return null;
            } catch (UserInterruptException e) {
                if (!e.getPartialLine().isBlank()) {
                    warned = false;
                } else if (warned) {
                    return null;
                } else {
                    console.printDim(console.out(), "Ctrl-C again, Ctrl-D or /quit leaves.");
                    warned = true;
                }
            }
        }
    }

    @Override
    public int width() {
        return terminal.getWidth() > 1 ? terminal.getWidth() : 0;
    }

    @Override
    public void beginAnswer(Runnable onStop) {
        terminal.echo(false);
        terminal.handle(Terminal.Signal.INT, signal -> onStop.run());
    }

    @Override
    public void endAnswer() {
        terminal.handle(Terminal.Signal.INT, Terminal.SignalHandler.SIG_DFL);
        terminal.echo(true);
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            console.err().println("glia: the terminal's settings could not be restored: " + e.getMessage());
        }
    }
}
