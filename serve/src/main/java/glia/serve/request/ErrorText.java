package glia.serve.request;

import glia.io.CheckpointException;
import glia.text.template.TemplateException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// Messages of exceptions for clients: files are named without their folders, which are the server's own affair.
public final class ErrorText {
    /// An absolute path of two parts or more, up to its last part.
    private static final Pattern FOLDER = Pattern.compile(
            "(?<![\\w./\\\\:])(?:[A-Za-z]:)?(?:[/\\\\][\\w.@+~-]+)+[/\\\\]");

    private ErrorText() { }

    /// The message of an exception.
    public static String of(Throwable e) {
        String message = String.valueOf(e.getMessage());
        String shorter = switch (e) {
            case CheckpointException files -> without(message, files.file());
            case TemplateException template -> without(message, Path.of(template.template()));
            default -> message;
        };
        return FOLDER.matcher(shorter).replaceAll("");
    }

    /// Replaces a path that may have blanks.
    private static String without(String message, Path file) {
        return file.getParent() == null ? message
                : message.replace(file.getParent() + file.getFileSystem().getSeparator(), "");
    }
}
