package glia.reason.task;

import glia.io.picture.Picture;
import glia.train.recipe.DataWords;
import glia.train.recipe.RecipeExtension.DataGenerator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.json.JsonMapper;

/// Problems of tasks with their answers as training data of recipes, with pictures where the task has some:
///
/// ```yaml
/// data:
///   train: "problems:shapes:1 count=20000"
///   validation: "problems:shapes:1 count=500 split=validation"
/// ```
///
/// `format=chat` (the default) is for `task: sft`, `format=pair` for preferences: the rejected answer is the right one
/// of another problem of the same kind. `format=draw` asks the other way: the answer is the prompt, and the picture is
/// the answer, for models that generate pictures. `pictures=shuffled` gives each problem the pictures of the next one,
/// a control that learns all but what pictures show.
public final class ProblemData implements DataGenerator {
    private static final List<String> WORDS = List.of("count", "format", "pictures", "split", "seed", "start");
    private static final long MAX_COUNT = 100_000_000;
    private static final long MAX_START = 999_999_999_999_999L;
    /// Problems after one that are looked at for a wrong answer.
    private static final int MOST_OTHERS = 1000;

    /// For [glia.train.recipe.RecipeExtension#generators].
    public ProblemData() { }

    @Override
    public String prefix() {
        return "problems";
    }

    @Override
    public String form() {
        return "problems:TASK count=N";
    }

    @Override
    public String summary() {
        return "chats of problems of a task and their right answers, such as problems:shapes:1; also "
                + "format=chat, pair (for preferences) or draw, pictures=own or shuffled, split=, seed=, start=";
    }

    @Override
    public Lines parse(String text) {
        DataWords words = DataWords.parse(text, first -> WORDS);
        words.required("count", "count=N, expected the number of problems, such as count=10000");
        TaskMix tasks = TaskMix.of(words.first(), words.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE, 0));
        Split split = Split.of(words.settings().getOrDefault("split", Split.TRAIN.word()));
        long start = words.integer("start", 0, MAX_START, 0);
        String format = word(words, "format", "chat", "pair", "draw");
        boolean isShuffled = word(words, "pictures", "own", "shuffled").equals("shuffled");
        return new Lines("problems-" + words.first().replaceAll("[^a-z0-9-]", "-"), words.integer("count", 1,
                MAX_COUNT, 1), i -> JsonMapper.shared().writeValueAsString(line(tasks, split, start + i, format,
                isShuffled)));
    }

    private static String word(DataWords words, String name, String... known) {
        String word = words.settings().getOrDefault(name, known[0]);
        if (!List.of(known).contains(word)) {
            throw new IllegalArgumentException("found " + name + "=" + word + ", expected " + String.join(" or ",
                    known));
        }
        return word;
    }

    private static Map<String, Object> line(TaskMix tasks, Split split, long index, String format,
            boolean isShuffled) {
        Problem problem = isShuffled ? tasks.shuffled(split, index) : tasks.problem(split, index);
        List<Picture> pictures = problem.pictures();
        Map<String, Object> line = new LinkedHashMap<>();
        if (format.equals("draw")) {
            line.put("messages", List.of(Map.of("role", "user", "content", problem.answer()), Map.of("role",
                    "assistant", "content", content("", pictures))));
            return line;
        }
        Map<String, Object> question = Map.of("role", "user", "content", content(problem.prompt(), pictures));
        if (format.equals("chat")) {
            line.put("messages", List.of(question, Map.of("role", "assistant", "content", problem.answer())));
            return line;
        }
        line.put("prompt", List.of(question));
        line.put("chosen", problem.answer());
        line.put("rejected", wrong(tasks, split, problem, index));
        return line;
    }

    /// A prompt with its pictures before it, as the content of a message.
    static Object content(String prompt, List<Picture> pictures) {
        if (pictures.isEmpty()) {
            return prompt;
        }
        List<Object> parts = new ArrayList<>();
        pictures.forEach(p -> parts.add(Map.of("type", "image_url", "image_url", Map.of("url", p.dataUrl()))));
        if (!prompt.isEmpty()) {
            parts.add(Map.of("type", "text", "text", prompt));
        }
        return parts;
    }

    private static String wrong(TaskMix tasks, Split split, Problem problem, long index) {
        Task task = Tasks.named(problem.id().substring(0, problem.id().indexOf('/')));
        for (int i = 1; i <= MOST_OTHERS; i++) {
            Problem other = tasks.problem(split, index + (long) i * tasks.sets().size());
            if (Objects.equals(other.fields().get("kind"), problem.fields().get("kind"))
                    && task.finalAnswer(other.answer()).filter(a -> task.isRight(a, problem.fields())).isEmpty()) {
                return other.answer();
            }
        }
        throw new IllegalStateException("found no wrong answer to the problem " + problem.id());
    }
}
