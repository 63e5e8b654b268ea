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
import tools.jackson.databind.json.JsonMapper;

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
        return result(task, List.of(part(task, 0, 1)));
    }

    /// What one of several ranks computes of a task: every `ranks`-th text, pass of choices or answer.
    ///
    /// @return for [#result]
    /// @throws IllegalArgumentException if the model cannot do it
    public String part(EvalTask task, int rank, int ranks) {
        String[] computed = new String[task.items().size()];
        Share share = new Share(task.name(), rank, ranks, computed.length);
        switch (task.kind()) {
            case TEXT -> texts(task, share, computed);
            case CHOICE -> new Choices(task, model, seed).compute(computed, share, n -> report(share, n));
            case GENERATE -> {
                if (isDrawn(task)) {
                    drawings(task, share, computed);
                } else {
                    answers(task, share, computed);
                }
            }
        }
        return JsonMapper.shared().writeValueAsString(computed);
    }

    /// The result of a task of which all ranks computed their parts. It does not depend on their number, but for
    /// answers without batch invariance.
    public EvalResult result(EvalTask task, List<String> parts) {
        String[] computed = new String[task.items().size()];
        for (String part : parts) {
            String[] own = JsonMapper.shared().readValue(part, String[].class);
            for (int i = 0; i < own.length; i++) {
                computed[i] = own[i] == null ? computed[i] : own[i];
            }
        }
        return switch (task.kind()) {
            case TEXT -> texts(task, computed);
            case CHOICE -> new Choices(task, model, seed).result(computed);
            case GENERATE -> isDrawn(task) ? drawings(task, computed) : answers(task, computed);
        };
    }

    private static boolean isDrawn(EvalTask task) {
        return task.items().getFirst() instanceof EvalItem.Drawing;
    }

    /// What a rank computes of the items of a task.
    record Share(String task, int rank, int ranks, int total) {
        boolean has(int number) {
            return number % ranks == rank;
        }
    }

    /// @param done items of this rank so far; the others are taken to have done as many
    private void report(Share share, int done) {
        progress.item(share.task, Math.min(share.total, done * share.ranks), share.total);
    }

    private void texts(EvalTask task, Share share, String[] computed) {
        Likelihoods likelihoods = new Likelihoods(model);
        OptionalInt start = new Prompts(task, model, seed).start();
        int window = Math.min(MAX_WINDOW, model.contextLength());
        int done = 0;
        for (int i = share.rank; i < computed.length; i += share.ranks) {
            int[] ids = ids((EvalItem.Text) task.items().get(i));
            computed[i] = Double.toString(start.isPresent() ? -likelihoods.rolling(start.getAsInt(), ids, window)
                    : withoutStart(likelihoods, ids, window));
            report(share, ++done);
        }
    }

    private int[] ids(EvalItem.Text text) {
        return model.tokenizer().encodePlain(text.text(), false);
    }

    private EvalResult texts(EvalTask task, String[] computed) {
        List<Item> items = new ArrayList<>();
        double[] nats = new double[computed.length];
        double[] tokens = new double[nats.length];
        for (int i = 0; i < nats.length; i++) {
            EvalItem.Text text = (EvalItem.Text) task.items().get(i);
            int[] ids = ids(text);
            nats[i] = Double.parseDouble(computed[i]);
            tokens[i] = ids.length;
            int bytes = text.text().getBytes(StandardCharsets.UTF_8).length;
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("log_probability", -nats[i]);
            details.put("tokens", ids.length);
            details.put("bytes", bytes);
            items.add(new Item(text.id(), nats[i] / Math.log(2), bytes, details));
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

    static Metric proportion(long right, int total) {
        return new Metric((double) right / total, Statistics.wilson(right, total));
    }

    private void answers(EvalTask task, Share share, String[] computed) {
        Prompts prompts = new Prompts(task, model, seed);
        Semaphore places = new Semaphore(batch);
        Map<Integer, Future<Answer>> texts = new LinkedHashMap<>();
        // Requests of several threads share the passes of the scheduler.
        try (ExecutorService threads = batch == 1 ? Executors.newSingleThreadExecutor()
                : Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                for (int i = share.rank; i < computed.length; i += share.ranks) {
                    texts.put(i, threads.submit(question(task, prompts, i, places)));
                }
                int done = 0;
                for (int i : texts.keySet()) {
                    Answer made = texts.get(i).get();
                    String score = Double.toString(score(task, (EvalItem.Generation) task.items().get(i), made.text()));
                    computed[i] = JsonMapper.shared().writeValueAsString(made.thought().isEmpty()
                            ? List.of(score, made.text()) : List.of(score, made.text(), made.thought().text()));
                    report(share, ++done);
                }
            } catch (ExecutionException e) {
                throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("the evaluation was interrupted", e);
            } finally {
                texts.values().forEach(text -> text.cancel(true));
            }
        }
    }

    private EvalResult answers(EvalTask task, String[] computed) {
        Prompts prompts = new Prompts(task, model, seed);
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < computed.length; i++) {
            EvalItem.Generation item = (EvalItem.Generation) task.items().get(i);
            // Score, text and thoughts.
            String[] made = JsonMapper.shared().readValue(computed[i], String[].class);
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("prompt", prompts.context(i));
            details.put("generated", made[1]);
            if (made.length > 2) {
                details.put("thinking", made[2]);
            }
            details.put("normalized", Normalization.all(task.settings().normalize(), made[1]));
            details.put("answers", item.answers());
            items.add(new Item(item.id(), Double.parseDouble(made[0]), 1, details));
            if (!task.settings().chat()) {
                prompts.prompt(i);
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
    private void drawings(EvalTask task, Share share, String[] computed) {
        try {
            PictureGenerator generator = PictureGenerator.of(model);
            PictureGenerator.Options options = PictureGenerator.Options.defaults().withGuidance(1)
                    .with(SamplingOptions.greedy());
            int done = 0;
            for (int i = share.rank; i < computed.length; i += share.ranks) {
                EvalItem.Drawing drawing = (EvalItem.Drawing) task.items().get(i);
                computed[i] = Boolean.toString(drawing.verifier().test(generator.generate(drawing.text(), options,
                        ready -> true).orElseThrow()));
                report(share, ++done);
            }
        } catch (CheckpointException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    private static EvalResult drawings(EvalTask task, String[] computed) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < computed.length; i++) {
            EvalItem.Drawing drawing = (EvalItem.Drawing) task.items().get(i);
            items.add(new Item(drawing.id(), Boolean.parseBoolean(computed[i]) ? 1 : 0, 1,
                    Map.of("prompt", drawing.text())));
        }
        return result(task, "right_pictures", items, 0);
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

    private static double score(EvalTask task, EvalItem.Generation item, String text) {
        List<Normalization> rules = task.settings().normalize();
        Match match = task.settings().match();
        if (item.verifier().isPresent()) {
            return item.verifier().get().test(text) ? 1 : 0;
        }
        String answer = Normalization.all(rules, text);
        return match != Match.EXACT ? match.score(text, item.answers())
                : item.answers().stream().anyMatch(one -> Normalization.all(rules, one).equals(answer)) ? 1 : 0;
    }
}
