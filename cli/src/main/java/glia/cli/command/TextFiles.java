package glia.cli.command;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Files that commands read and write, texts most of them, with errors that name the file and what is wrong with it.
final class TextFiles {
    private TextFiles() { }

    /// @throws IOException if there is no such file or it is no text in UTF-8
    static String read(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": is no text in UTF-8", e);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// Refuses a file that could not be written, before it is computed what shall be in it.
    ///
    /// @throws IOException if it cannot
    static void checkWritable(Path file) throws IOException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw new IOException(file + ": cannot be written: is a folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new IOException(file + ": cannot be written: there is no folder " + folder);
        }
        if (!Files.isWritable(Files.exists(file) ? file : folder)) {
            throw new IOException(file + ": cannot be written: access is denied");
        }
    }

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
}
