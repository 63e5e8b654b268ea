package glia.lab.eval;

import glia.engine.Answer;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.engine.Generator;
import glia.engine.LanguageModel;
import glia.engine.picture.PictureGenerator;
import glia.engine.sampling.SamplingOptions;
import glia.io.CheckpointException;
import glia.lab.eval.EvalResult.Item;
import glia.lab.eval.EvalResult.Metric;
import glia.lab.eval.EvalTask.Match;
import glia.lab.eval.EvalTask.Score;
import glia.text.template.ChatMessage;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/// Runs tasks with a model. Scores are those of lm-evaluation-harness: the likelihood of choices after a context, the
/// likelihood of texts in windows that do not overlap, greedy generation until a stop string.
///
/// @see <a href="https://github.com/EleutherAI/lm-evaluation-harness">lm-evaluation-harness</a>
public final class Evaluation {
    /// The most tokens that predict each other in a text.
    private static final int MAX_WINDOW = 2048;

    private final LanguageModel model;
    private final long seed;
    private final int batch;
    private final Progress progress;

    /// Is called after each item.
    public interface Progress {
        /// @param done items so far
        void item(String task, int done, int total);
    }

    /// @param seed of the choice of examples and of bootstraps
    /// @param batch the most answers that are generated at a time
    public Evaluation(LanguageModel model, long seed, int batch, Progress progress) {
        if (batch < 1) {
            throw new IllegalArgumentException("a batch of " + batch + ", expected at least 1");
        }
        this.model = model;
        this.seed = seed;
        this.batch = batch;
        this.progress = progress;
    }

    /// Runs a task.
    ///
    /// @throws IllegalArgumentException if the model cannot do it
    public EvalResult run(EvalTask task) {
        return switch (task.kind()) {
            case TEXT -> texts(task);
            case CHOICE -> choices(task);
            case GENERATE -> task.items().getFirst() instanceof EvalItem.Drawing ? drawings(task) : answers(task);
        };
    }

    private EvalResult texts(EvalTask task) {
        Likelihoods likelihoods = new Likelihoods(model);
        OptionalInt start = new Prompts(task, model, seed).start();
        int window = Math.min(MAX_WINDOW, model.contextLength());
        List<Item> items = new ArrayList<>();
        double[] nats = new double[task.items().size()];
        double[] tokens = new double[nats.length];
        for (int i = 0; i < nats.length; i++) {
            EvalItem.Text text = (EvalItem.Text) task.items().get(i);
            int[] ids = model.tokenizer().encodePlain(text.text(), false);
            nats[i] = start.isPresent() ? -likelihoods.rolling(start.getAsInt(), ids, window)
                    : withoutStart(likelihoods, ids, window);
            tokens[i] = ids.length;
            int bytes = text.text().getBytes(StandardCharsets.UTF_8).length;
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("log_probability", -nats[i]);
            details.put("tokens", ids.length);
            details.put("bytes", bytes);
            items.add(new Item(text.id(), nats[i] / Math.log(2), bytes, details));
            progress.item(task.name(), i + 1, nats.length);
        }
        double[] bits = items.stream().mapToDouble(Item::value).toArray();
        double[] bytes = items.stream().mapToDouble(Item::weight).toArray();
        Map<String, Metric> metrics = new LinkedHashMap<>();
        metrics.put("bits_per_byte", new Metric(ratio(bits, bytes), Statistics.bootstrap(bits, bytes, seed)));
        Statistics.Interval loss = Statistics.bootstrap(nats, tokens, seed);
        metrics.put("perplexity", new Metric(Math.exp(ratio(nats, tokens)),
                new Statistics.Interval(Math.exp(loss.low()), Math.exp(loss.high()))));
        return new EvalResult(task.name(), task.kind(), "bits_per_byte", metrics, items, 0);
    }

    /// Without a token before the text nothing predicts its first token: all tokens are equally probable there.
    private double withoutStart(Likelihoods likelihoods, int[] ids, int window) {
        return ids.length == 0 ? 0 : Math.log(model.tokenizer().vocabSize())
                - likelihoods.rolling(ids[0], Arrays.copyOfRange(ids, 1, ids.length), window);
    }

    private static double ratio(double[] numerators, double[] denominators) {
        return Arrays.stream(numerators).sum() / Arrays.stream(denominators).sum();
    }

    private EvalResult choices(EvalTask task) {
        Likelihoods likelihoods = new Likelihoods(model);
        Prompts prompts = new Prompts(task, model, seed);
        List<Likelihoods.Request> requests = new ArrayList<>();
        int truncated = 0;
        for (int i = 0; i < task.items().size(); i++) {
            EvalItem.Choice choice = (EvalItem.Choice) task.items().get(i);
            Prompts.Encoded encoded = prompts.encode(prompts.context(i), choice.choices());
            int longest = encoded.continuations().stream().mapToInt(c -> c.length).max().orElseThrow();
            int room = likelihoods.maxTokens() - longest;
            if (room < 1) {
                throw new IllegalArgumentException("item " + choice.id() + " of the task " + task.name()
                        + " has a choice of " + longest + " tokens; the model's context has "
                        + model.contextLength());
            }
            int[] context = encoded.context();
            if (context.length > room) {
                truncated++;
                context = Arrays.copyOfRange(context, context.length - room, context.length);
            }
            requests.add(new Likelihoods.Request(context, encoded.continuations()));
        }
        Score main = task.settings().score();
        List<Item> items = new ArrayList<>();
        long[] right = new long[Score.values().length];
        while (items.size() < requests.size()) {
            List<Likelihoods.Request> rest = requests.subList(items.size(), requests.size());
            for (double[] sums : likelihoods.sums(rest.subList(0, likelihoods.batch(rest)))) {
                EvalItem.Choice choice = (EvalItem.Choice) task.items().get(items.size());
                List<int[]> continuations = requests.get(items.size()).continuations();
                for (Score score : Score.values()) {
                    right[score.ordinal()] += best(choice, sums, continuations, score) == choice.answer() ? 1 : 0;
                }
                int chosen = best(choice, sums, continuations, main);
                Map<String, Object> details = new LinkedHashMap<>();
                details.put("context", prompts.context(items.size()));
                details.put("choices", choice.choices());
                details.put("answer", choice.answer());
                details.put("chosen", chosen);
                details.put("log_probabilities", Arrays.stream(sums).boxed().toList());
                details.put("tokens", continuations.stream().map(c -> c.length).toList());
                items.add(new Item(choice.id(), chosen == choice.answer() ? 1 : 0, 1, details));
                progress.item(task.name(), items.size(), requests.size());
            }
        }
        Map<String, Metric> metrics = new LinkedHashMap<>();
        for (Score score : Score.values()) {
            metrics.put(name(score), proportion(right[score.ordinal()], items.size()));
        }
        return new EvalResult(task.name(), task.kind(), name(main), metrics, items, truncated);
    }

    private static String name(Score score) {
        return score == Score.SUM ? "accuracy" : "accuracy_" + score.name().toLowerCase(Locale.ROOT);
    }

    private static Metric proportion(long right, int total) {
        return new Metric((double) right / total, Statistics.wilson(right, total));
    }

    /// The choice with the greatest score; the first of equal ones.
    private static int best(EvalItem.Choice choice, double[] sums, List<int[]> continuations, Score score) {
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < sums.length; i++) {
            double value = switch (score) {
                case SUM -> sums[i];
                case BYTES -> sums[i] / choice.choices().get(i).getBytes(StandardCharsets.UTF_8).length;
                case TOKENS -> sums[i] / continuations.get(i).length;
            };
            if (value > most) {
                most = value;
                best = i;
            }
        }
        return best;
    }

    private EvalResult answers(EvalTask task) {
        Prompts prompts = new Prompts(task, model, seed);
        Semaphore places = new Semaphore(batch);
        List<Item> items = new ArrayList<>();
        List<Future<Answer>> texts = new ArrayList<>();
        // Requests of several threads share the passes of the scheduler.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                for (int i = 0; i < task.items().size(); i++) {
                    texts.add(threads.submit(question(task, prompts, i, places)));
                }
                for (int i = 0; i < texts.size(); i++) {
                    EvalItem.Generation item = (EvalItem.Generation) task.items().get(i);
                    items.add(scored(task, item, prompts.context(i), texts.get(i).get()));
                    progress.item(task.name(), items.size(), texts.size());
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the evaluation was interrupted", e);
            } finally {
                texts.forEach(text -> text.cancel(true));
            }
        }
        if (task.settings().match() != Match.EXACT) {
            double[] scores = items.stream().mapToDouble(Item::value).toArray();
            double[] ones = new double[scores.length];
            Arrays.fill(ones, 1);
            return new EvalResult(task.name(), task.kind(), "string_match", Map.of("string_match",
                    new Metric(ratio(scores, ones), Statistics.bootstrap(scores, ones, seed))), items,
                    prompts.numTruncated());
        }
        return result(task, "exact_match", items, prompts.numTruncated());
    }

    /// The share of items that are right.
    private static EvalResult result(EvalTask task, String metric, List<Item> items, int truncated) {
        long right = items.stream().filter(item -> item.value() > 0).count();
        return new EvalResult(task.name(), task.kind(), metric, Map.of(metric, proportion(right, items.size())), items,
                truncated);
    }

    /// Draws each text greedily, without guidance.
    private EvalResult drawings(EvalTask task) {
        try {
            PictureGenerator generator = PictureGenerator.of(model);
            PictureGenerator.Options options = PictureGenerator.Options.defaults().withGuidance(1)
                    .with(SamplingOptions.greedy());
            List<Item> items = new ArrayList<>();
            for (EvalItem item : task.items()) {
                EvalItem.Drawing drawing = (EvalItem.Drawing) item;
                boolean isRight = drawing.verifier().test(generator.generate(drawing.text(), options, done -> true)
                        .orElseThrow());
                items.add(new Item(drawing.id(), isRight ? 1 : 0, 1, Map.of("prompt", drawing.text())));
                progress.item(task.name(), items.size(), task.items().size());
            }
            return result(task, "right_pictures", items, 0);
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /// Asks an item as `glia run` does: thoughts of a chat are no part of the answer, and have room besides its tokens.
    private Callable<Answer> question(EvalTask task, Prompts prompts, int item, Semaphore places) {
        EvalTask.Settings settings = task.settings();
        GenerationOptions options = new GenerationOptions(SamplingOptions.greedy(), settings.maxTokens(),
                settings.stops());
        if (settings.chat()) {
            List<ChatMessage> before = prompts.before(item);
            GenerationOptions withThoughts = model.thinking().format().isEmpty() ? options
                    : options.withMaxTokens(settings.maxTokens() + model.contextLength());
            return () -> whenFree(places, () -> {
                try (Chat chat = model.chat().options(withThoughts).restore(before)) {
                    return chat.stream(prompts.asked(task.items().get(item)), piece -> { });
                }
            });
        }
        int[] prompt = prompts.prompt(item);
        return () -> whenFree(places, () -> {
            try (Generator generator = model.generator()) {
                return generator.generate(prompt, options, false, piece -> { });
            }
        });
    }

    private static Answer whenFree(Semaphore places, Supplier<Answer> answer) throws InterruptedException {
        places.acquire();
        try {
            return answer.get();
        } finally {
            places.release();
        }
    }

    private static Item scored(EvalTask task, EvalItem.Generation item, String prompt, Answer made) {
        String text = made.text();
        List<Normalization> rules = task.settings().normalize();
        String answer = Normalization.all(rules, text);
        Match match = task.settings().match();
        double score = item.verifier().isPresent() ? item.verifier().get().test(text) ? 1 : 0
                : match != Match.EXACT ? match.score(text, item.answers())
                : item.answers().stream().anyMatch(one -> Normalization.all(rules, one).equals(answer)) ? 1 : 0;
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("prompt", prompt);
        details.put("generated", text);
        if (!made.thought().isEmpty()) {
            details.put("thinking", made.thought().text());
        }
        details.put("normalized", answer);
        details.put("answers", item.answers());
        return new Item(item.id(), score, 1, details);
    }
}
