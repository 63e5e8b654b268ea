package glia.text.template;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Renders a folder of real templates and compares the texts with those of a reference.
///
/// The folder has `cases.json` (an object of named sets of variables), templates `NAME.jinja`, and for each of them
/// `NAME.json`: by the name of the case, `{"text": …}` or `{"error": …}`.
public final class TemplateCheck {
    private static final String TEMPLATE = ".jinja";
    private static final Map<String, Object> TOKENS =
            Map.of("bos_token", "<BOS>", "eos_token", "<EOS>", "unk_token", "<UNK>", "pad_token", "<PAD>");
    /// The message of the reference's sandbox when a list or dict is changed, which is allowed here.
    private static final String REFUSED_CHANGE = "is unsafe";

    /// The length of the prefix by which a message is searched in a template; its end may be computed there.
    private static final int PREFIX_LENGTH = 10;

    private TemplateCheck() {
    }

    /// The result of one template.
    ///
    /// @param numCases how many cases there are
    /// @param numPassed in how many the text was the reference's, or both failed
    /// @param firstDifference the first case that did not pass: its name, the expected and the actual text
    public record Result(String template, int numCases, int numPassed, Optional<String> firstDifference) {
        /// Whether all cases passed.
        public boolean passed() {
            return numPassed == numCases && numCases > 0;
        }
    }

    /// Checks all templates of a folder, in the order of their names.
    ///
    /// @param clock the time the reference saw
    /// @throws TemplateException where the folder's own files cannot be read or are not as described
    public static List<Result> run(Path folder, Clock clock) {
        Map<String, Map<String, Object>> cases = new LinkedHashMap<>();
        JsonNode file = TemplateFiles.readJson(folder.resolve("cases.json"));
        for (Map.Entry<String, JsonNode> each : file.properties()) {
            Map<String, Object> variables = new LinkedHashMap<>(TOKENS);
            variables.put("tools", null);
            variables.put("documents", null);
            variables.putAll(TemplateFiles.object(each.getValue()));
            cases.put(each.getKey(), variables);
        }
        List<Result> results = new ArrayList<>();
        for (Path template : templates(folder)) {
            String fileName = template.getFileName().toString();
            String name = fileName.substring(0, fileName.length() - TEMPLATE.length());
            results.add(check(name, template, TemplateFiles.readJson(folder.resolve(name + ".json")), cases, clock));
        }
        return results;
    }

    private static List<Path> templates(Path folder) {
        List<Path> templates = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + TEMPLATE)) {
            files.forEach(templates::add);
        } catch (IOException e) {
            throw new TemplateException(folder.toString(), "the folder cannot be listed: " + e.getMessage(), e);
        }
        if (templates.isEmpty()) {
            throw new TemplateException(folder.toString(), "no file *" + TEMPLATE + " in this folder", null);
        }
        Collections.sort(templates);
        return templates;
    }

    private static Result check(String name, Path file, JsonNode expected, Map<String, Map<String, Object>> cases,
            Clock clock) {
        String source = TemplateFiles.read(file);
        int passed = 0;
        String first = null;
        for (Map.Entry<String, Outcome> each : outcomes(file, source, cases, clock).entrySet()) {
            String difference = difference(expected.path(each.getKey()), each.getValue(), source);
            if (difference == null) {
                passed++;
            } else if (first == null) {
                first = each.getKey() + ": " + difference;
            }
        }
        return new Result(name, cases.size(), passed, Optional.ofNullable(first));
    }

    /// The result of rendering a case: one of the two is null.
    private record Outcome(String text, TemplateException error) {
    }

    private static Map<String, Outcome> outcomes(Path file, String source, Map<String, Map<String, Object>> cases,
            Clock clock) {
        Map<String, Outcome> outcomes = new LinkedHashMap<>();
        try {
            ChatTemplate template = ChatTemplate.parse(file.toString(), source).with(clock);
            cases.forEach((name, variables) -> outcomes.put(name, outcome(template, variables)));
        } catch (TemplateException e) {
            cases.keySet().forEach(name -> outcomes.put(name, new Outcome(null, e)));
        }
        return outcomes;
    }

    private static Outcome outcome(ChatTemplate template, Map<String, Object> variables) {
        try {
            return new Outcome(template.render(variables), null);
        } catch (TemplateException e) {
            return new Outcome(null, e);
        }
    }

    /// The difference from the reference, or null.
    private static String difference(JsonNode expected, Outcome outcome, String source) {
        JsonNode text = expected.path("text");
        JsonNode error = expected.path("error");
        if (text.isString()) {
            return outcome.error() == null ? differenceOf(text.stringValue(), outcome.text())
                    : "expected a text, got the error \"" + outcome.error().getMessage() + "\"";
        }
        if (!error.isString()) {
            return "the reference has neither text nor error for this case";
        }
        boolean same = outcome.error() == null ? error.stringValue().contains(REFUSED_CHANGE)
                : isSameError(error.stringValue(), outcome.error(), source);
        return same ? null : "expected the error \"" + error.stringValue() + "\", got "
                + (outcome.error() == null ? "a text" : "\"" + outcome.error().getMessage() + "\"");
    }

    /// Whether the error matches the reference's. Messages of `raise_exception` must be equal, also where the expected
    /// message occurs in the template; messages of other errors differ between implementations.
    private static boolean isSameError(String expected, TemplateException error, String source) {
        if (error.detail().equals(expected)) {
            return true;
        }
        String beginning = expected.substring(0, Math.min(expected.length(), PREFIX_LENGTH));
        return !error.isRaised() && !source.contains(beginning);
    }

    /// The first difference of two texts, or null.
    static String differenceOf(String expected, String found) {
        if (expected.equals(found)) {
            return null;
        }
        int at = 0;
        while (at < expected.length() && at < found.length() && expected.charAt(at) == found.charAt(at)) {
            at++;
        }
        return "at character " + at + " expected \"" + excerpt(expected, at) + "\", got \"" + excerpt(found, at) + "\"";
    }

    private static String excerpt(String text, int at) {
        String part = text.substring(Math.max(0, at - 20), Math.min(text.length(), at + 40));
        return part.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\"");
    }
}
