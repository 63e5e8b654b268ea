package glia.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Text files such as configs, read as a whole.
public final class TextFile {
    private TextFile() { }

    /// Reads a file in UTF-8.
    ///
    /// @param maxBytes the largest file that is read
    /// @param what the content, for messages, such as `YAML of `; may be empty
    /// @throws CheckpointException if it is missing, larger, not UTF-8 or cannot be read
    public static String read(Path file, long maxBytes, String what) throws CheckpointException {
        try {
            if (Files.isRegularFile(file) && Files.size(file) > maxBytes) {
                throw new CheckpointException(file, "", "found " + Files.size(file) + " bytes, expected " + what
                        + "at most " + maxBytes);
            }
            return Files.readString(file);
        } catch (CheckpointException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file, "", "there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file, "", "is not UTF-8", e);
        } catch (IOException e) {
            throw new CheckpointException(file, "", "cannot be read: " + FileErrors.reason(e), e);
        }
    }
}
