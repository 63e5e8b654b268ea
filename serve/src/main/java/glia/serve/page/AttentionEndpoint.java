package glia.serve.page;

import static glia.serve.http.Json.object;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.pass.Engine;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.TurnLock;
import glia.lab.attention.AttentionMaps;
import glia.serve.chat.TokenTexts;
import glia.serve.http.Exchange;
import glia.serve.http.Route.Endpoint;
import glia.serve.openai.ChatMessages;
import glia.serve.pool.ModelPool;
import glia.serve.request.Fields;
import glia.serve.request.ServeException;
import glia.text.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/// `POST /glia/attention`: which earlier tokens each token of an answer attends to.
///
/// Fields of the request: `model`; `messages` before the answer, as in a chat completion; `answer`, a text. Fields of
/// the response: `tokens`, the texts of all T tokens of prompt and answer,
/// `bytes:\xf0\x9f` for parts of characters; `first`, the number of the answer's first
/// token; `weights`, a list for each token t from `first` on with t + 1 attention weights, the mean of all layers and
/// heads, rounded to 4 decimal places; `layers`, the number of attention layers.
///
/// A text may have [#MOST_TOKENS] tokens, since the pass holds all weights of a layer. Others are served between two
/// layers.
final class AttentionEndpoint implements Endpoint {
    /// The most tokens of prompt and answer.
    static final int MOST_TOKENS = 512;

    private final ModelPool models;

    AttentionEndpoint(ModelPool models) {
        this.models = models;
    }

    @Override
    public void answer(Exchange exchange) throws InterruptedException {
        Fields body = exchange.body();
        try (ModelPool.Lease lease = models.lease(body.text("model").orElse(""))) {
            LanguageModel model = lease.served().model();
            Prompt prompt = new Prompt.Conversation(ChatMessages.read(body), List.of(), Map.of(), false);
            String answer = body.requiredText("answer");
            body.end();
            if (model.model().spec().encoder().isPresent()) {
                throw new ServeException(400, "invalid_request_error", "model", "the model has an encoder and a "
                        + "decoder; attention is shown of models that read and write one text");
            }
            int[] before = RenderedPrompt.of(model, prompt, GenerationOptions.defaults()).ids();
            int[] after = model.tokenizer().encodePlain(answer, false);
            requireLength(before.length + after.length);
            int[] ids = Arrays.copyOf(before, before.length + after.length);
            System.arraycopy(after, 0, ids, before.length, after.length);
            MeanAttention mean = MeanAttention.of(model, ids, exchange.caller().name(), exchange::goesOn);
            if (mean == null) {
                return;
            }
            exchange.json(object("model", lease.served().name(), "tokens", texts(model.tokenizer(), ids),
                    "first", before.length, "weights", mean.rows(before.length), "layers", mean.numLayers()));
        }
    }

    private static void requireLength(int length) {
        if (length > MOST_TOKENS) {
            throw ServeException.badField("answer", "prompt and answer have " + length + " tokens, expected at most "
                    + MOST_TOKENS + "; try a shorter conversation");
        }
    }

    private static List<String> texts(Tokenizer tokenizer, int[] ids) {
        TokenTexts texts = new TokenTexts(tokenizer);
        return Arrays.stream(ids).mapToObj(texts::name).toList();
    }

    /// The attention weights of a text, averaged over all heads of all attention layers:
    /// `mean[t][s] = 1/(L·H) Σ a[l][h][t][s]`. It says where a model looks, not what decides its output (Jain and
    /// Wallace, "Attention is not Explanation", 2019).
    static final class MeanAttention {
        /// One text at a time: each takes a pass and a map of all heads of a layer.
        private static final TurnLock ONE = new TurnLock();

        private final double[][] sums;
        private int numMaps;
        private int numLayers;

        private MeanAttention(int numTokens) {
            sums = new double[numTokens][numTokens];
        }

        /// Runs a pass on an engine of its own, so that the model's scheduler can serve others between two layers.
        ///
        /// @param key whose text it is: callers take turns by key
        /// @param goesOn called while it waits and after each layer: false ends that
        /// @return null if it was ended
        static MeanAttention of(LanguageModel model, int[] ids, String key, BooleanSupplier goesOn)
                throws InterruptedException {
            if (!ONE.lock(key, goesOn)) {
                return null;
            }
            try (Engine engine = model.engine().forContext(model.contextLength())) {
                Scheduler scheduler = model.scheduler();
                return scheduler.inTurn(key, () -> {
                    MeanAttention mean = new MeanAttention(ids.length);
                    AttentionMaps.each(engine, ids, map -> {
                        mean.add(map);
                        if (!goesOn.getAsBoolean()) {
                            throw new UncheckedIOException(new IOException("the client went before its answer"));
                        }
                        scheduler.serveOthers();
                    });
                    return mean;
                });
            } finally {
                ONE.unlock();
            }
        }

        private void add(AttentionMaps.Map map) {
            numLayers++;
            for (float[][] head : map.weights()) {
                numMaps++;
                for (int t = 0; t < sums.length; t++) {
                    for (int s = 0; s < sums.length; s++) {
                        sums[t][s] += head[t][s];
                    }
                }
            }
        }

        /// The number of attention layers.
        int numLayers() {
            return numLayers;
        }

        /// The rows of all tokens from one on; row t has t + 1 weights.
        List<double[]> rows(int first) {
            List<double[]> rows = new ArrayList<>();
            for (int t = first; t < sums.length; t++) {
                double[] row = new double[t + 1];
                for (int s = 0; s <= t; s++) {
                    row[s] = numMaps == 0 ? 0 : Math.rint(1e4 * sums[t][s] / numMaps) / 1e4;
                }
                rows.add(row);
            }
            return rows;
        }
    }
}
