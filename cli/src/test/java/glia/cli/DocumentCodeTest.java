package glia.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The pieces of Java in docs/ compile.
class DocumentCodeTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern PIECE = Pattern.compile("(?ms)^```java\n(.*?)^```");
    private static final Pattern TYPE = Pattern.compile("(?<![.\\w\"])[A-Z][A-Za-z]*[a-z][A-Za-z]*");
    /// Pieces with parts left out, or of a generator of machine code; modules integrations and spark lie above this
    /// one.
    private static final Set<String> LEFT_OUT = Set.of("how-to-add-a-family.md", "kernels.md", "integrations.md",
            "spark.md");
    private static final List<String> MODULES = List.of("tensor", "io", "jinja", "text", "model", "kernels", "engine",
            "lab", "train", "reason", "serve");
    /// Which of several types with the same name a piece means.
    private static final Map<String, String> AMBIGUOUS = Map.of("Split", "glia.reason.task.Split",
            "Strategy", "glia.reason.search.Strategy", "IfExists", "glia.io.file.AtomicFile.IfExists");
    /// What the text around a piece declares.
    private static final Map<String, String> GIVEN = Map.ofEntries(
            Map.entry("adapters.md", "Model model, Kernels kernels, TokenBatch batch"),
            Map.entry("chat-templates.md", "ChatTemplate template, List<ChatMessage> messages, RenderOptions options,"
                    + " Tokenizer tokenizer"),
            Map.entry("losses.md", "Model model, TrainingPass pass, int[] ids, float[] weights, TrainingPass student,"
                    + " TrainingPass teacher, TokenBatch batch, Path folder, Path out, long seed, Kernels kernels,"
                    + " int[] first, int[] second"),
            Map.entry("policy-optimization.md", "TrainingPass pass, TokenBatch tokens, int maxTokens,"
                    + " double[] groups, double[] rewards, double[] old, double temperature"),
            Map.entry("rewards.md", "Reward reward, Sample sample, String prompt, String completion, int tokens"),
            Map.entry("structured-output.md", "LanguageModel model, int[] prompt"),
            Map.entry("tasks.md", "long seed, long index, String completion, int numTokens, boolean finished"),
            Map.entry("thinking.md", "LanguageModel model, Path path"),
            Map.entry("tool-calls.md", "LanguageModel model, int[] prompt, ChatTemplate template,"
                    + " ToolFormat format, List<Map<String, Object>> tools,"
                    + " ToolCallParser.Receiver receiver"),
            Map.entry("training-components.md", "Model model"),
            Map.entry("training-records.md", "Path folder, Trainer trainer, Map<String, String> recipe"));

    @TempDir
    private Path folder;

    @Test
    void piecesCompile() throws IOException {
        Map<String, String> types = types();
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            for (Path document : Stream.concat(Stream.of(ROOT.resolve("README.md")),
                    docs.filter(f -> f.toString().endsWith(".md")).sorted()).toList()) {
                String name = document.getFileName().toString();
                Matcher piece = PIECE.matcher(Files.readString(document));
                while (piece.find() && !LEFT_OUT.contains(name)) {
                    sources.add(source("Piece" + sources.size(), name, piece.group(1).replace("…", ""), types));
                }
            }
        }
        List<String> words = new ArrayList<>(List.of("-proc:none", "-implicit:none", "-d",
                folder.resolve("classes").toString(), "-cp", classPath()));
        sources.forEach(file -> words.add(file.toString()));
        StringWriter errors = new StringWriter();
        PrintWriter printer = new PrintWriter(errors);
        ToolProvider.findFirst("javac").orElseThrow().run(printer, printer, words.toArray(String[]::new));
        assertEquals("", errors.toString());
    }

    private static String classPath() {
        return MODULES.stream().map(module -> ROOT.resolve(module).resolve("target/classes").toString())
                .collect(Collectors.joining(File.pathSeparator, "", File.pathSeparator))
                + System.getProperty("java.class.path");
    }

    /// A class with the piece in a method, whose parameters are what the piece does not declare itself. A piece that
    /// begins with its imports is a whole file.
    private Path source(String name, String document, String piece, Map<String, String> types)
            throws IOException {
        if (piece.startsWith("import ")) {
            return Files.writeString(folder.resolve(name + ".java"), piece);
        }
        String given = Stream.of(GIVEN.getOrDefault(document, "").split("(?<= \\w{1,20}), "))
                .filter(parameter -> !parameter.isEmpty())
                .filter(parameter -> !declares(piece, parameter.substring(parameter.lastIndexOf(' ') + 1)))
                .collect(Collectors.joining(", "));
        StringBuilder text = new StringBuilder();
        TYPE.matcher(given + "\n" + piece).results().map(MatchResult::group).distinct()
                .filter(types::containsKey)
                .forEach(type -> text.append("import ").append(types.get(type)).append(";\n"));
        text.append("""
                import java.nio.file.*;
                import java.time.*;
                import java.util.*;
                import java.util.function.*;
                // docs/%s
                class %s {
                    static void run(%s) throws Exception {
                %s
                    }
                }
                """.formatted(document, name, given, piece));
        return Files.writeString(folder.resolve(name + ".java"), text);
    }

    private static boolean declares(String piece, String variable) {
        return Pattern.compile("(?m)(?:^|[( ;])[\\w<>\\[\\], ]+ " + variable + " =|\\b" + variable + " ->")
                .matcher(piece).find();
    }

    /// The qualified names of the types of all modules, by their simple names.
    private static Map<String, String> types() throws IOException {
        Map<String, String> types = new TreeMap<>();
        for (String module : MODULES) {
            Path sources = ROOT.resolve(module).resolve("src/main/java");
            try (Stream<Path> files = Files.walk(sources)) {
                files.map(file -> sources.relativize(file).toString().replace('\\', '/').replace('/', '.'))
                        .filter(file -> file.endsWith(".java")).map(file -> file.substring(0, file.length() - 5))
                        .forEach(type -> types.put(type.substring(type.lastIndexOf('.') + 1), type));
            }
        }
        types.putAll(AMBIGUOUS);
        return types;
    }
}
