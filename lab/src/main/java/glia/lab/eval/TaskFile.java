package glia.lab.eval;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.Suggestions;
import glia.io.jsonl.JsonLine;
import glia.io.jsonl.JsonLines;
import glia.lab.eval.EvalTask.Kind;
import glia.lab.eval.EvalTask.Match;
import glia.lab.eval.EvalTask.Score;
import glia.lab.eval.EvalTask.Settings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Reads tasks: a JSONL file whose first line has the settings and whose further lines are items, or a task that is
/// part of the program.
public final class TaskFile {
    /// The tasks that are part of the program.
    public static final List<String> BUILT_IN = List.of("arithmetic", "knowledge", "strings", "prose");

    private static final int MAX_TOKENS = 1 << 20;
    private static final Set<String> SETTINGS = Set.of("task", "kind", "description", "shots", "delimiter", "separator",
            "score", "stop", "max_tokens", "normalize", "chat", "system", "match");

    private static final List<String> CHATS = List.of("messages", "conversations", "completion", "instruction");

    private final List<EvalItem> items = new ArrayList<>();
    private final List<EvalItem> examples = new ArrayList<>();
    private final Map<String, Long> ids = new HashMap<>();

    private TaskFile() { }

    /// Reads a task by the name of a built-in one, that of a RULER task or the path of a file.
    ///
    /// @throws CheckpointException if there is no such task or its file is invalid; the message names file, line, key
    public static EvalTask read(String nameOrPath) throws CheckpointException {
        return read(nameOrPath, Ruler.ITEMS);
    }

    /// Reads a task.
    ///
    /// @param rulerItems the number of items, if it is a RULER task
    public static EvalTask read(String nameOrPath, int rulerItems) throws CheckpointException {
        if (nameOrPath.startsWith(Ruler.PREFIX)) {
            return Ruler.read(nameOrPath, rulerItems);
        }
        Path path = Path.of(nameOrPath);
        if (BUILT_IN.contains(nameOrPath)) {
            try (InputStream in = TaskFile.class.getResourceAsStream(nameOrPath + ".jsonl");
                    JsonLines lines = new JsonLines(Path.of(nameOrPath + ".jsonl"), in)) {
                return new TaskFile().read(lines, path);
            } catch (CheckpointException e) {
                throw e;
            } catch (IOException e) {
                throw new CheckpointException(path, "", "cannot be read: " + e.getMessage(), e);
            }
        }
        if (!Files.exists(path)) {
            throw new CheckpointException(path, "", "there is no such file, and no task of this name is part of the "
                    + "program; those that are: " + String.join(", ", BUILT_IN) + "."
                    + Suggestions.sentence(nameOrPath, BUILT_IN));
        }
        try (JsonLines lines = new JsonLines(path)) {
            return new TaskFile().read(lines, path);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw new CheckpointException(path, "", "cannot be read: " + e.getMessage(), e);
        }
    }

    private EvalTask read(JsonLines lines, Path path) throws CheckpointException {
        JsonLine head = lines.next();
        if (head == null) {
            throw new CheckpointException(path, "", "is empty; expected a line with the settings of the task, such as "
                    + "{\"task\": \"…\", \"kind\": \"choice\"}");
        }
        if (!Collections.disjoint(head.values().keySet(), CHATS)) {
            throw head.place().error("found a chat, which is training data; expected a line with the settings of the "
                    + "task and a line for each question: {\"task\": \"mine\", \"kind\": \"generate\", \"chat\": "
                    + "true}, then {\"prompt\": \"…\", \"answer\": \"…\"}. The loss on chats is measured by glia train "
                    + "with data.validation");
        }
        requireKeys(head, SETTINGS);
        String name = head.text("task");
        Kind kind = constant(head, "kind", head.text("kind"), Kind.class);
        Settings settings = settings(head, kind);
        for (JsonLine line = lines.next(); line != null; line = lines.next()) {
            add(line, kind, settings.chat());
        }
        if (items.isEmpty()) {
            throw new CheckpointException(path, "", "has no items after the line with the settings");
        }
        if (settings.shots() > examples.size()) {
            throw head.place().error("shots", "found " + settings.shots() + ", but only " + examples.size()
                    + " lines have \"example\": true");
        }
        return new EvalTask(name, kind, settings, items, examples);
    }

    private static Settings settings(JsonLine head, Kind kind) throws CheckpointException {
        Settings usual = Settings.DEFAULTS;
        forbid(head, kind != Kind.TEXT, "only tasks of the kinds choice and generate have it", "shots", "delimiter",
                "separator");
        forbid(head, kind == Kind.CHOICE, "only tasks of the kind choice have it", "score");
        forbid(head, kind == Kind.GENERATE, "only tasks of the kind generate have it", "stop", "max_tokens",
                "normalize", "chat", "system", "match");
        boolean chat = flag(head, "chat");
        if (head.values().containsKey("system") && !chat) {
            throw head.place().error("system", "has no effect without \"chat\": true");
        }
        List<Normalization> normalize = new ArrayList<>();
        if (head.values().containsKey("normalize")) {
            for (String one : head.texts("normalize")) {
                normalize.add(constant(head, "normalize", one, Normalization.class));
            }
        } else {
            normalize.addAll(usual.normalize());
        }
        List<String> stops = head.values().containsKey("stop") ? head.texts("stop") : chat ? List.of() : usual.stops();
        if (stops.contains("")) {
            throw head.place().error("stop", "found an empty string, at which nothing can stop");
        }
        return new Settings(integer(head, "shots", 0, Integer.MAX_VALUE, usual.shots()),
                text(head, "delimiter", usual.delimiter()), text(head, "separator", usual.separator()),
                head.values().containsKey("score") ? constant(head, "score", head.text("score"), Score.class)
                        : usual.score(),
                stops, integer(head, "max_tokens", 1, MAX_TOKENS, usual.maxTokens()), normalize, chat,
                text(head, "system", usual.system()),
                head.values().containsKey("match") ? constant(head, "match", head.text("match"), Match.class)
                        : usual.match());
    }

    private static void forbid(JsonLine head, boolean allowed, String reason, String... keys)
            throws CheckpointException {
        for (String key : keys) {
            if (!allowed && head.values().containsKey(key)) {
                throw head.place().error(key, "does not fit the kind " + head.values().get("kind") + ": " + reason);
            }
        }
    }

    private void add(JsonLine line, Kind kind, boolean isChat) throws CheckpointException {
        String id = line.values().containsKey("id") ? line.text("id") : Long.toString(line.place().line());
        Long other = ids.putIfAbsent(id, line.place().line());
        if (other != null) {
            throw line.place().error("id", "found " + DisplayText.quote(id) + ", which line " + other + " has too");
        }
        EvalItem item = switch (kind) {
            case TEXT -> text(line, id);
            case CHOICE -> choice(line, id);
            case GENERATE -> generation(line, id, isChat);
        };
        (kind != Kind.TEXT && flag(line, "example") ? examples : items).add(item);
    }

    private static EvalItem text(JsonLine line, String id) throws CheckpointException {
        requireKeys(line, Set.of("id", "text"));
        String text = line.text("text");
        if (text.isEmpty()) {
            throw line.place().error("text", "is empty; expected a text to measure");
        }
        return new EvalItem.Text(id, text);
    }

    private static EvalItem choice(JsonLine line, String id) throws CheckpointException {
        requireKeys(line, Set.of("id", "example", "context", "choices", "answer"));
        List<String> choices = line.texts("choices");
        if (choices.size() < 2) {
            throw line.place().error("choices", "found " + choices.size() + ", expected at least 2");
        }
        for (int i = 0; i < choices.size(); i++) {
            if (choices.get(i).isEmpty()) {
                throw line.place().error("choices[" + i + "]", "is empty; expected a text");
            }
        }
        Object answer = line.values().get("answer");
        if (answer instanceof String text) {
            int index = choices.indexOf(text);
            if (index < 0 || choices.lastIndexOf(text) != index) {
                throw line.place().error("answer", "found " + JsonLine.shown(text) + ", expected one of the choices or "
                        + "its index");
            }
            return new EvalItem.Choice(id, line.text("context"), choices, index);
        }
        if (!line.values().containsKey("answer")) {
            throw line.missing("answer", "the index of a choice or its text");
        }
        return new EvalItem.Choice(id, line.text("context"), choices,
                integer(line, "answer", 0, choices.size() - 1, 0));
    }

    private static EvalItem generation(JsonLine line, String id, boolean isChat) throws CheckpointException {
        requireKeys(line, Set.of("id", "example", "prompt", "images", "answer", "answers"));
        if (line.values().containsKey("answer") && line.values().containsKey("answers")) {
            throw line.place().error("found both \"answer\" and \"answers\", expected one of them");
        }
        List<String> answers = line.values().containsKey("answers") ? line.texts("answers")
                : List.of(line.text("answer"));
        if (answers.isEmpty()) {
            throw line.place().error("answers", "is empty; expected at least one string");
        }
        if (line.values().containsKey("images") && !isChat) {
            throw line.place().error("images", "found pictures, which chats alone have; expected \"chat\": true in the "
                    + "first line");
        }
        return new EvalItem.Generation(id, line.text("prompt"), answers, line.pictures("images"), Optional.empty());
    }

    private static void requireKeys(JsonLine line, Set<String> known) throws CheckpointException {
        for (String key : line.values().keySet()) {
            if (!known.contains(key)) {
                throw line.place().error("found the key " + DisplayText.quote(key) + ", expected "
                        + String.join(", ", known.stream().sorted().toList()) + "." + Suggestions.sentence(key, known));
            }
        }
    }

    private static String text(JsonLine line, String key, String usual) throws CheckpointException {
        return line.values().containsKey(key) ? line.text(key) : usual;
    }

    private static boolean flag(JsonLine line, String key) throws CheckpointException {
        Object value = line.values().getOrDefault(key, false);
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw line.place().error(key, "found " + JsonLine.shown(value) + ", expected true or false");
    }

    private static int integer(JsonLine line, String key, int min, int max, int usual) throws CheckpointException {
        Object value = line.values().getOrDefault(key, usual);
        if (value instanceof Integer number && number >= min && number <= max) {
            return number;
        }
        throw line.place().error(key, "found " + JsonLine.shown(value) + ", expected an integer from " + min
                + (max == Integer.MAX_VALUE ? " up" : " to " + max));
    }

    private static <E extends Enum<E>> E constant(JsonLine line, String key, String word, Class<E> type)
            throws CheckpointException {
        List<String> words = Stream.of(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList();
        int index = words.indexOf(word);
        if (index < 0) {
            throw line.place().error(key, "found " + JsonLine.shown(word) + ", expected one of "
                    + String.join(", ", words) + "." + Suggestions.sentence(word, words));
        }
        return type.getEnumConstants()[index];
    }
}
