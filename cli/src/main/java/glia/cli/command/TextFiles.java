package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.terminal.Console;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntFunction;

/// Text files that commands read and write, with errors that name the file and the reason.
final class TextFiles {
    /// Allows a command to replace its output file.
    static final Option<Boolean> FORCE = Option.flag("overwrite the output file", "--force").elsewhere("--overwrite");

    /// The name of standard input and output.
    static final String STANDARD = "-";

    private TextFiles() { }

    /// Reads a text.
    ///
    /// @throws IOException if there is no such file or it is not UTF-8
    static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": is not a text in UTF-8", e);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// Reads a text of a file, or of standard input for the name `-`.
    static String read(String name, Console console) throws IOException {
        return name.equals(STANDARD) ? new String(console.in().readAllBytes(), StandardCharsets.UTF_8)
                : read(Path.of(name));
    }

    /// The file that an option names, if it was given and can be written.
    ///
    /// @throws IOException if it cannot be written
    static Optional<Path> output(Option<String> option, Arguments arguments) throws IOException {
        Optional<Path> file = arguments.get(option).map(Path::of);
        if (file.isPresent()) {
            checkWritable(file.get(), arguments);
        }
        return file;
    }

    /// Checks that a file can be written, before its content is computed.
    ///
    /// @param arguments may hold [#FORCE]
    /// @throws IOException if it cannot, or if it exists and may not be replaced
    static void checkWritable(Path file, Arguments arguments) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new IOException(file + ": cannot be written: is a folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException(file + ": cannot be written: there is no folder " + folder);
        }
        if (Files.exists(file) && !arguments.has(FORCE)) {
            throw new IOException(file + ": exists already; --force overwrites it");
        }
        if (!Files.isWritable(Files.exists(file) ? file : folder)) {
            throw new IOException(file + ": cannot be written: access is denied");
        }
    }

    /// Writes a text.
    ///
    /// @throws IOException if it cannot be written
    static void write(Path file, String text) throws IOException {
        try {
            Files.writeString(file, text);
        } catch (FileSystemException e) {
            throw new IOException(file + ": cannot be written: "
                    + (e.getReason() == null ? "access is denied" : e.getReason()), e);
        } catch (IOException e) {
            throw new IOException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /// Writes lines as they are made.
    ///
    /// @throws IOException if the file cannot be written
    static void writeLines(Path file, int count, IntFunction<String> lines) throws IOException {
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            for (int i = 0; i < count; i++) {
                writer.write(lines.apply(i));
                writer.write('\n');
            }
        } catch (IOException e) {
            throw new IOException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }
}
