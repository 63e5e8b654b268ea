package glia.style;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Checks the Markdown documents: relative links, `#anchors`, and the names of Java classes.
class DocumentLinksTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern FENCED = Pattern.compile("(?ms)^```.*?^```[ ]*$");
    private static final Pattern CODE = Pattern.compile("`([^`\n]+)`");
    /// Group 1 is the text of the link, group 2 its target.
    private static final Pattern LINK = Pattern.compile("\\[((?:[^\\[\\]]|\\[[^\\]]*\\])*)\\]\\(([^()\\s]+)\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *$");
    /// A class name of two or more words.
    private static final Pattern CLASS_NAME = Pattern.compile("[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)+");
    /// Names from the JDK and from Windows that no source uses.
    private static final Set<String> FOREIGN = Set.of("InternalError", "VirtualAlloc", "VirtualProtect");

    private static final List<String> LINKED = List.of("benchmarks.md", "benchmarks/inference.md",
            "benchmarks/kernels.md", "benchmarks/serving.md", "benchmarks/training.md", "catalogue.md", "design.md",
            "index.md", "kernels.md", "matrix-multiplication.md", "adr/0005-precision-decides-numbers.md",
            "adr/0008-starting-fast-and-quietly.md", "adr/0009-machine-code-from-java.md",
            "adr/0010-quantized-weights.md", "adr/0011-f32-as-sums-of-bf16.md");

    /// `README.md`, `LOG.md` and everything in `docs`.
    private static List<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            List<Path> documents = new ArrayList<>(docs.filter(file -> file.toString().endsWith(".md")).toList());
            documents.add(ROOT.resolve("README.md"));
            documents.add(ROOT.resolve("LOG.md"));
            return documents;
        }
    }

    @Test
    void relativeLinksResolve() throws IOException {
        List<String> errors = new ArrayList<>();
        int links = 0;
        for (Path document : documents()) {
            Matcher link = LINK.matcher(withoutCode(Files.readString(document)));
            while (link.find()) {
                String target = link.group(2);
                if (!target.matches("[a-z]+:.*")) {
                    links++;
                    String error = error(document, target);
                    if (error != null) {
                        errors.add(ROOT.relativize(document) + ": " + target + ": " + error);
                    }
                }
            }
        }
        assertTrue(links > 50, links + " links found");
        assertEquals("", String.join("\n", errors));
    }

    private static String error(Path document, String target) throws IOException {
        int hash = target.indexOf('#');
        String path = hash < 0 ? target : target.substring(0, hash);
        Path file = path.isEmpty() ? document : document.resolveSibling(path).normalize();
        if (!file.startsWith(ROOT) || !Files.exists(file)) {
            return "no such file";
        }
        if (hash < 0) {
            return null;
        }
        if (!file.toString().endsWith(".md")) {
            return "only Markdown documents have anchors";
        }
        String anchor = target.substring(hash + 1);
        Set<String> anchors = anchors(Files.readString(file));
        return anchors.contains(anchor) ? null : "no such heading; there are " + anchors;
    }

    /// A link whose text is a class name leads to the file of that class.
    @Test
    void linkedClassesHaveTheirOwnFiles() throws IOException {
        List<String> errors = new ArrayList<>();
        for (Path document : documents()) {
            Matcher link = LINK.matcher(Files.readString(document));
            while (link.find()) {
                Matcher name = Pattern.compile("`(?:glia[.a-z]*\\.)?([A-Z]\\w*).*`").matcher(link.group(1));
                if (link.group(2).endsWith(".java") && name.matches()
                        && !link.group(2).endsWith("/" + name.group(1) + ".java")) {
                    errors.add(ROOT.relativize(document) + ": " + link.group());
                }
            }
        }
        assertEquals("", String.join("\n", errors));
    }

    /// A link whose text is `Class.method` leads to a file that has the method.
    @Test
    void linkedMethodsExist() throws IOException {
        Pattern method = Pattern.compile("\\[`[A-Z]\\w*\\.([a-z]\\w*)[^`]*`\\]\\(([^()\\s]+\\.java)\\)");
        List<String> errors = new ArrayList<>();
        int links = 0;
        for (Path document : documents()) {
            Matcher link = method.matcher(Files.readString(document));
            while (!document.getParent().endsWith("docs/log") && link.find()) {
                links++;
                String source = Files.readString(document.resolveSibling(link.group(2)));
                if (!Pattern.compile("\\b" + link.group(1) + "\\b").matcher(source).find()) {
                    errors.add(ROOT.relativize(document) + ": " + link.group());
                }
            }
        }
        assertTrue(links > 20, links + " links found");
        assertEquals("", String.join("\n", errors));
    }

    /// The four walks of docs/design.md have at most 12 named steps, each with a link to its code.
    @Test
    void walksAreShortAndLinked() throws IOException {
        String text = Files.readString(ROOT.resolve("docs/design.md"));
        Matcher line = Pattern.compile("(?m)^\\*\\*Four walks\\*\\*.*$").matcher(text);
        assertTrue(line.find(), "docs/design.md has no line of its four walks");
        List<String> walks = LINK.matcher(line.group()).results().map(link -> link.group(2).substring(1)).toList();
        assertEquals(4, walks.size(), walks.toString());
        List<String> errors = new ArrayList<>();
        int found = 0;
        for (String section : text.split("(?m)^## ")) {
            if (anchors("## " + section).stream().noneMatch(walks::contains)) {
                continue;
            }
            found++;
            List<String> steps = Pattern.compile("(?m)^\\d+\\. .*$").matcher(section).results()
                    .map(step -> step.group()).toList();
            steps.stream().filter(step -> !step.matches("\\d+\\. \\*\\*.*") || !step.contains(".java)"))
                    .forEach(errors::add);
            assertTrue(steps.size() >= 5 && steps.size() <= 12, () -> steps.size() + " steps: " + steps);
        }
        assertEquals(4, found);
        assertEquals("", String.join("\n", errors));
    }

    /// The documents name no class that was renamed or removed. The log, which is history, may.
    @Test
    void namedClassesExist() throws IOException {
        Set<String> words = wordsOfSources();
        List<String> errors = new ArrayList<>();
        for (Path document : documents()) {
            if (document.getParent().endsWith("docs/log")) {
                continue;
            }
            Matcher code = CODE.matcher(FENCED.matcher(Files.readString(document)).replaceAll(""));
            while (code.find()) {
                Matcher name = CLASS_NAME.matcher(code.group(1).split("[^A-Za-z0-9]", 2)[0]);
                if (name.matches() && !words.contains(name.group()) && !FOREIGN.contains(name.group())) {
                    errors.add(ROOT.relativize(document) + ": no source names " + name.group());
                }
            }
        }
        assertEquals("", String.join("\n", errors));
    }

    /// In these documents every class that is named is linked at least once.
    @Test
    void namedClassesAreLinked() throws IOException {
        Set<String> classes = sources().stream().map(file -> file.getFileName().toString().replace(".java", ""))
                .collect(Collectors.toSet());
        List<String> errors = new ArrayList<>();
        for (String name : LINKED) {
            String text = FENCED.matcher(Files.readString(ROOT.resolve("docs").resolve(name))).replaceAll("");
            Set<String> linked = LINK.matcher(text).results().filter(link -> link.group(2).endsWith(".java"))
                    .map(link -> Path.of(link.group(2)).getFileName().toString().replace(".java", ""))
                    .collect(Collectors.toSet());
            CODE.matcher(text).results().map(code -> code.group(1).split("[^A-Za-z0-9]", 2)[0]).distinct()
                    .filter(word -> classes.contains(word) && !linked.contains(word))
                    .forEach(word -> errors.add("docs/" + name + ": `" + word + "` has no link"));
        }
        assertEquals("", String.join("\n", errors));
    }

    /// The table of modules and packages in docs/design.md lists each package once, and no others.
    @Test
    void designListsEveryPackage() throws IOException {
        Pattern row = Pattern.compile("(?m)^\\| *\\w* \\| `(glia[.\\w]+)` \\|");
        List<String> listed = row.matcher(Files.readString(ROOT.resolve("docs/design.md"))).results()
                .map(match -> match.group(1)).sorted().toList();
        Set<String> missing = packages();
        listed.forEach(missing::remove);
        assertEquals(Set.of(), missing, "packages that the table does not list");
        Set<String> unknown = new TreeSet<>(listed);
        unknown.removeAll(packages());
        assertEquals(Set.of(), unknown, "listed packages without sources");
        assertEquals(Set.copyOf(listed).size(), listed.size(), "a package is listed twice: " + listed);
    }

    private static Set<String> packages() throws IOException {
        Set<String> packages = new TreeSet<>();
        sources().stream().map(file -> ROOT.relativize(file).toString().replace('\\', '/'))
                .map(Pattern.compile("\\w+/src/main/java/(glia/.*)/\\w+\\.java")::matcher)
                .filter(Matcher::matches)
                .forEach(file -> packages.add(file.group(1).replace('/', '.')));
        return packages;
    }

    /// The anchors that GitHub gives to the headings of a document.
    private static Set<String> anchors(String text) {
        Set<String> anchors = new HashSet<>();
        Map<String, Integer> counts = new HashMap<>();
        Matcher heading = HEADING.matcher(FENCED.matcher(text).replaceAll(""));
        while (heading.find()) {
            String plain = LINK.matcher(heading.group(1)).replaceAll("$1").toLowerCase(Locale.ROOT);
            String anchor = plain.replaceAll("[^\\p{L}\\p{N}\\s_-]", "").replace(' ', '-');
            int earlier = counts.merge(anchor, 1, Integer::sum) - 1;
            anchors.add(earlier == 0 ? anchor : anchor + "-" + earlier);
        }
        return anchors;
    }

    private static String withoutCode(String text) {
        return CODE.matcher(FENCED.matcher(text).replaceAll("")).replaceAll("code");
    }

    private static Set<String> wordsOfSources() throws IOException {
        Pattern word = Pattern.compile("\\w+");
        Set<String> words = new HashSet<>();
        for (Path source : sources()) {
            word.matcher(Files.readString(source)).results().map(match -> match.group())
                    .filter(name -> CLASS_NAME.matcher(name).matches()).forEach(words::add);
        }
        return words;
    }

    /// The Java files of all modules, tests included.
    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT,
                folder -> Files.isDirectory(folder.resolve("src")))) {
            for (Path module : modules) {
                try (Stream<Path> files = Files.walk(module.resolve("src"))) {
                    files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
                }
            }
        }
        assertTrue(sources.size() > 500, sources.size() + " sources found");
        return sources;
    }
}
