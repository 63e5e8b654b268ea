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
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What every text file of the project holds to.
class StyleTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final int MAX_LINES = 400;
    private static final int MAX_COLUMNS = 120;
    /// Without imports.
    private static final int FAMILY_MIN_LINES = 19;
    private static final int FAMILY_MAX_LINES = 70;
    private static final Pattern FAMILY =
            Pattern.compile("^((public )?final class|record) .* implements \\w*Family \\{", Pattern.MULTILINE);
    private static final Set<String> NOT_OURS = Set.of(".git", "target", "lib", "resources",
            ".idea", ".vscode", ".jqwik-database");
    private static final Pattern TEXT = Pattern.compile("(?i).*\\.(java|sh|cmd|xml|md|properties)|glia|run");
    /// Words that stand for work undone, and folders that only one machine has.
    private static final Pattern FORBIDDEN =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b|/(work|root|home/(?!linuxbrew)\\w+)/");

    /// Comments and strings of a line of Java.
    private static final Pattern PROSE = Pattern.compile("//.*|\"(?:[^\"\\\\]|\\\\.)*\"");
    /// Phrases that a reader of the field would not search for, with the terms to use instead.
    private static final Map<Pattern, String> PHRASES = Map.of(
            phrase("foresees?|foreseen|foretells?"), "predict; speculative decoding, multi-token prediction",
            phrase("(tells|told|hears|heard|lends|lent|forgets|remembers|remembered|knows) "), "plain verbs",
            phrase("strangers?|nobody|somebody|whom"), "other sequences, users, processes",
            phrase("asks? for|asked for|giv(es|en|e) up|as good as not"), "request, require, abandon, give",
            phrase("coded weights?|sets? of kernels|kernel sets?"), "quantized weights, kernel backends",
            phrase("(first|second|last) caches?"), "L1, L2, L3, last-level cache",
            phrase("whole numbers|numbers? of (4|8|16|32|64) bits"), "integers, F16, BF16, int8",
            phrase("multipl(y|ies|ied) with"), "multiply by",
            phrase("likeliest|daring|head start|anew|likeness"), "greedy, most probable, again, similarity");

    private static Pattern phrase(String words) {
        return Pattern.compile("\\b(" + words + ")");
    }

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

    /// Documents, comments and messages use the field's terms. The log quotes what was once written.
    @Test
    void wordsAreTheFieldsTerms() throws IOException {
        List<String> complaints = new ArrayList<>();
        for (Path file : files()) {
            String name = file.getFileName().toString();
            if (!name.endsWith(".java") && !name.endsWith(".md") || file.getParent().endsWith("docs/log")
                    || name.equals("StyleTest.java")) {
                continue;
            }
            List<String> lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                String prose = name.endsWith(".md") ? lines.get(i) : String.join(" ", PROSE.matcher(lines.get(i))
                        .results().map(m -> m.group()).toList());
                for (Map.Entry<Pattern, String> e : PHRASES.entrySet()) {
                    Matcher found = e.getKey().matcher(prose);
                    if (found.find()) {
                        complaints.add(ROOT.relativize(file) + ":" + (i + 1) + ": '" + found.group() + "', better: "
                                + e.getValue());
                    }
                }
            }
        }
        assertEquals("", String.join("\n", complaints));
    }

    /// A package says what it holds and where to begin.
    @Test
    void packagesAreExplained() throws IOException {
        List<String> complaints = new ArrayList<>();
        for (Path file : files()) {
            if (file.toString().contains("/src/main/java/glia/")
                    && !Files.exists(file.resolveSibling("package-info.java"))) {
                complaints.add(ROOT.relativize(file.getParent()) + " has no package-info.java");
            }
        }
        assertEquals("", String.join("\n", complaints.stream().distinct().toList()));
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
