package glia.style;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What every text file of the project holds to.
class StyleTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final int MAX_LINES = 400;
    private static final int MAX_COLUMNS = 120;
    /// Without imports.
    private static final int FAMILY_MIN_LINES = 20;
    private static final int FAMILY_MAX_LINES = 70;
    private static final Pattern FAMILY = Pattern.compile("^(public final class|record) .* implements \\w*Family \\{",
            Pattern.MULTILINE);
    private static final Set<String> NOT_OURS = Set.of(".git", "target", "lib", "resources",
            ".idea", ".vscode", ".jqwik-database");
    private static final Pattern TEXT = Pattern.compile("(?i).*\\.(java|sh|cmd|xml|md|properties)|glia|run");
    /// Words that stand for work undone, and folders that only one machine has.
    private static final Pattern FORBIDDEN =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b|/(work|root|home/(?!linuxbrew)\\w+)/");

    @Test
    void filesAreShortAndPlain() throws IOException {
        List<String> complaints = new ArrayList<>();
        List<Path> files = files();
        assertFalse(files.isEmpty());
        for (Path file : files) {
            complaints.addAll(complaints(file));
        }
        assertEquals("", String.join("\n", complaints));
    }

    /// A family says what a config means; what takes more lines is names, a GGUF form or mixers, each in its own file.
    @Test
    void familiesAreShort() throws IOException {
        List<String> complaints = new ArrayList<>();
        int families = 0;
        for (Path file : files()) {
            String text = Files.readString(file);
            if (file.getParent().endsWith("main/java/glia/model/family") && FAMILY.matcher(text).find()) {
                families++;
                long lines = text.lines().filter(line -> !line.startsWith("import ")).count();
                if (lines < FAMILY_MIN_LINES || lines > FAMILY_MAX_LINES) {
                    complaints.add(file.getFileName() + ": " + lines + " lines, expected " + FAMILY_MIN_LINES + " to "
                            + FAMILY_MAX_LINES);
                }
            }
        }
        assertTrue(families > 30, families + " families found");
        assertEquals("", String.join("\n", complaints));
    }

    private static List<String> complaints(Path file) throws IOException {
        List<String> complaints = new ArrayList<>();
        String name = ROOT.relativize(file).toString();
        String text = Files.readString(file);
        List<String> lines = text.lines().toList();
        boolean code = !name.endsWith(".md");
        if (code && lines.size() > MAX_LINES) {
            complaints.add(name + ": " + lines.size() + " lines, at most " + MAX_LINES);
        }
        if (!text.endsWith("\n")) {
            complaints.add(name + ": the last line has no end");
        }
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            String place = name + ":" + (i + 1) + ": ";
            if (code && line.codePointCount(0, line.length()) > MAX_COLUMNS && !name.endsWith(".xml")) {
                complaints.add(place + line.codePointCount(0, line.length()) + " characters, at most " + MAX_COLUMNS);
            }
            if (line.indexOf('\t') >= 0) {
                complaints.add(place + "a tab");
            }
            if (!line.equals(line.stripTrailing())) {
                complaints.add(place + "spaces at the end");
            }
            if (FORBIDDEN.matcher(line).find()) {
                complaints.add(place + "'" + line.strip() + "' names work undone or one machine's folders");
            }
        }
        return complaints;
    }

    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                boolean ours = folder.equals(ROOT) || !NOT_OURS.contains(folder.getFileName().toString());
                return ours ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && TEXT.matcher(file.getFileName().toString()).matches()) {
                    files.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return files;
    }
}
