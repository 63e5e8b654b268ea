package glia.cli.command;

import glia.cli.args.Arguments;
import glia.cli.args.Option;
import glia.cli.args.UsageException;
import glia.cli.terminal.Console;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.io.Suggestions;
import glia.lab.eval.EvalItem;
import glia.lab.eval.EvalTask;
import glia.lab.eval.Normalization;
import glia.lab.eval.TaskFile;
import glia.reason.reward.Reward;
import glia.reason.search.Search.Question;
import glia.reason.search.SearchOptions;
import glia.reason.search.StrategyBench.Item;
import glia.reason.task.FinalAnswer;
import glia.reason.task.Problem;
import glia.reason.task.Split;
import glia.reason.task.TaskMix;
import glia.reason.task.Tasks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;

/// The questions of `glia reason`: problems of a task, or items of a task file of `glia eval`.
///
/// @param items the questions
/// @param verifier scores completions
/// @param reader reads final answers
record ReasonQuestions(List<Item> items, Reward verifier, Function<String, Optional<String>> reader) {
    static final Option<String> TASK = Option.text("TASK", "task of glia tasks, such as countdown:2, several with "
            + "commas, or a task file of glia eval of the kind generate", "--task");
    static final Option<Integer> LIMIT = Option.integer("N", 1, 1_000_000,
            "number of questions, all different (default: 100)", "--limit", "-l")
            .formerly("-n").elsewhere("--count", "--num-problems");
    static final Option<Long> SEED = Option.longInteger("N", "random seed (default: 0)", "--seed", "-s");
    static final Option<Integer> MAX_TOKENS = Option.integer("N", 1, Integer.MAX_VALUE,
            "most tokens for a question, all answers of a strategy together (default: 2048)", "--max-tokens");
    static final Option<Integer> ANSWER_TOKENS = Option.integer("N", 1, Integer.MAX_VALUE,
            "most tokens of one answer (default: that of --max-tokens)", "--answer-tokens");
    static final Option<Float> TEMPERATURE = Option.number("X", 0, Float.MAX_VALUE,
            "sampling temperature (default: the model's)", "--temperature", "--temp");
    static final Option<Integer> BATCH = Option.integer("N", 1, 4096,
            "questions that are answered at a time (default: 16)", "--batch", "-b").elsewhere("--parallel");
    private static final int QUESTIONS = 100;
    private static final int TOKENS = 2048;
    private static final int PARALLEL = 16;

    /// @param split of the problems of a task
    /// @throws CheckpointException if the task file is invalid
    static ReasonQuestions of(Arguments arguments, Split split) throws CheckpointException {
        String name = arguments.get(TASK).orElseThrow(() -> new UsageException("--task is missing: a task of glia "
                + "tasks (" + String.join(", ", Tasks.names()) + "), or a task file of glia eval"));
        int limit = arguments.get(LIMIT).orElse(QUESTIONS);
        boolean isTask = TaskMix.describes(name);
        if (!isTask && name.matches("[a-z-]+(?:[:,].*)?") && !TaskFile.BUILT_IN.contains(name)
                && !Files.exists(Path.of(name))) {
            throw new UsageException("--task: '" + name + "' is neither a task nor a file."
                    + Suggestions.sentence(name.split("[:,]", 2)[0], Tasks.names()) + " Tasks are "
                    + String.join(", ", Tasks.names()) + "; those of glia eval are " + String.join(", ",
                    TaskFile.BUILT_IN));
        }
        if (!isTask && arguments.has(TaskOptions.SPLIT)) {
            throw new UsageException("--split is for the tasks of glia tasks, and " + name + " is a file");
        }
        return isTask ? of(TaskMix.of(name, seed(arguments)), split, limit) : of(TaskFile.read(name).limited(limit));
    }

    private static ReasonQuestions of(TaskMix tasks, Split split, int limit) {
        List<Item> items = new ArrayList<>();
        for (Problem problem : tasks.distinct(split, limit)) {
            if (!problem.pictures().isEmpty()) {
                throw new UsageException("the problems of " + tasks.sets().getFirst().name() + " have pictures, which "
                        + "glia reason does not show; glia eval measures models on them");
            }
            items.add(new Item(problem.id(), new Question(problem.prompt(), problem.fields())));
        }
        return new ReasonQuestions(items, tasks.verifier(), tasks::finalAnswer);
    }

    private static ReasonQuestions of(EvalTask task) {
        if (task.kind() != EvalTask.Kind.GENERATE) {
            throw new UsageException("the task " + task.name() + " is of the kind "
                    + task.kind().name().toLowerCase(Locale.ROOT) + "; reasoning needs one of the kind "
                    + "generate");
        }
        List<Normalization> rules = task.settings().normalize();
        Function<String, Optional<String>> reader = completion -> FinalAnswer.of(completion)
                .map(answer -> Normalization.all(rules, answer)).filter(answer -> !answer.isEmpty());
        List<Item> items = new ArrayList<>();
        for (EvalItem item : task.items()) {
            EvalItem.Generation one = (EvalItem.Generation) item;
            items.add(new Item(one.id(), new Question(one.prompt(), Map.of("answers",
                    one.answers().stream().map(answer -> Normalization.all(rules, answer)).toList()))));
        }
        Reward verifier = sample -> OptionalDouble.of(reader.apply(sample.completion())
                .filter(((List<?>) sample.fields().get("answers"))::contains).isPresent() ? 1 : 0);
        return new ReasonQuestions(items, verifier, reader);
    }

    /// Says where a task has fewer questions than were wanted.
    ReasonQuestions noted(Arguments arguments, Console console) {
        int limit = arguments.get(LIMIT).orElse(QUESTIONS);
        if (items.size() < limit) {
            console.err().println("glia: " + arguments.get(TASK).orElse("the task") + " has " + items.size()
                    + " different questions, fewer than " + limit);
        }
        return this;
    }

    static long seed(Arguments arguments) {
        return arguments.get(SEED).orElse(0L);
    }

    static int parallel(Arguments arguments) {
        return arguments.get(BATCH).orElse(PARALLEL);
    }

    /// The options of searches, scored by likelihood.
    SearchOptions options(Arguments arguments, LanguageModel model) {
        SamplingOptions sampling = model.options().sampling();
        int maxTokens = arguments.get(MAX_TOKENS).orElse(TOKENS);
        return new SearchOptions(sampling.withTemperature(arguments.get(TEMPERATURE).orElse(sampling.temperature())),
                maxTokens, arguments.get(ANSWER_TOKENS).orElse(maxTokens), reader);
    }
}
