package glia.io;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Describes failed file operations. The JDK's messages often are a path alone.
public final class FileErrors {
    /// The messages of Linux, macOS and Windows for a full disk or an exceeded quota.
    private static final Pattern FULL = Pattern.compile(
            "(?i).*(no space left|not enough space|disk quota exceeded|disk is full).*", Pattern.DOTALL);
    /// `java.io` puts the reason behind the path: `/x/y (Permission denied)`.
    private static final Pattern IN_PARENTHESES = Pattern.compile(".*\\(([^()]+)\\)", Pattern.DOTALL);

    private FileErrors() { }

    /// Whether the disk is full or a quota is exceeded.
    public static boolean isDiskFull(IOException e) {
        return e.getMessage() != null && FULL.matcher(e.getMessage()).matches();
    }

    /// Whether the user may not read or write the file, or the file system is mounted read-only.
    public static boolean isPermission(IOException e) {
        String reason = reason(e);
        return reason.equals("permission denied") || reason.equals("read-only file system")
                || reason.equals("operation not permitted");
    }

    /// The reason of a failure without the path, such as `permission denied`.
    public static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "no such file or folder";
            case FileAlreadyExistsException _ -> "a file of this name is in the way";
            case ClosedChannelException _ -> "the file was closed";
            case FileSystemException f when f.getReason() != null -> f.getReason().toLowerCase(Locale.ROOT);
            case FileNotFoundException f when inParentheses(f) != null -> inParentheses(f).toLowerCase(Locale.ROOT);
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }

    private static String inParentheses(IOException e) {
        Matcher reason = IN_PARENTHESES.matcher(e.getMessage() == null ? "" : e.getMessage());
        return reason.matches() ? reason.group(1) : null;
    }
}
