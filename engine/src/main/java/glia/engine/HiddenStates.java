package glia.engine;

import glia.engine.pass.Engine;
import glia.engine.schedule.Scheduler;
import glia.engine.state.Sequence;
import glia.model.block.Pass.Outputs;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/// The last hidden states of texts, computed in passes between the steps of the model's scheduler. Several short texts
/// share a pass, without padding. A decoder computes a long text in pieces, with a KV cache, so that it delays others
/// as little as a short one; an encoder needs the whole text in one pass.
public final class HiddenStates {
    /// Tokens of a pass of a decoder: enough to reuse each weight, few enough to delay the streams of others little.
    private static final int DECODER_TOKENS = 256;
    /// Tokens of a pass of an encoder, which has no streams to delay.
    private static final int ENCODER_TOKENS = 1024;

    private final LanguageModel model;
    private final boolean hasPieces;
    private final int passTokens;

    /// Receives hidden states of a text, while no other pass runs.
    public interface Receiver {
        /// @param hidden hidden states `[N, D]`, valid during the call
        /// @param row the token's
        /// @param text the number of its text
        /// @param position of the token in its text; ascending
        void token(Tensor hidden, int row, int text, int position);
    }

    public HiddenStates(LanguageModel model) {
        this(model, model.model().spec().looksAhead() ? ENCODER_TOKENS : DECODER_TOKENS);
    }

    /// @param passTokens tokens of a pass; a longer text of an encoder is a pass of its own
    HiddenStates(LanguageModel model, int passTokens) {
        this.model = model;
        this.hasPieces = !model.model().spec().looksAhead();
        this.passTokens = passTokens;
    }

    /// Computes texts; short ones come first.
    ///
    /// @param texts token ids, at least one each
    /// @param isLast whether the last token of each text is wanted, and not all
    /// @param key whose texts they are: passes take turns by key
    /// @param goesOn called between passes: false ends the work
    public void read(List<int[]> texts, boolean isLast, String key, BooleanSupplier goesOn, Receiver receiver) {
        Scheduler scheduler = model.scheduler();
        List<Integer> order = IntStream.range(0, texts.size()).boxed()
                .sorted(Comparator.comparingInt(i -> texts.get(i).length)).toList();
        Outputs outputs = isLast ? Outputs.LAST : Outputs.ALL;
        int from = 0;
        while (from < order.size() && goesOn.getAsBoolean()) {
            int first = order.get(from);
            if (texts.get(first).length > passTokens && hasPieces) {
                inPieces(scheduler, key, goesOn, texts.get(first), first, outputs, receiver);
                from++;
                continue;
            }
            List<Integer> batch = new ArrayList<>();
            int tokens = 0;
            while (from < order.size() && (batch.isEmpty()
                    || tokens + texts.get(order.get(from)).length <= passTokens)) {
                tokens += texts.get(order.get(from)).length;
                batch.add(order.get(from++));
            }
            inTurn(scheduler, key, () -> together(texts, batch, outputs, receiver));
        }
    }

    private static void inTurn(Scheduler scheduler, String key, Runnable pass) {
        scheduler.inTurn(key, () -> {
            pass.run();
            return null;
        });
    }

    private void together(List<int[]> texts, List<Integer> batch, Outputs outputs, Receiver receiver) {
        Pass pass = new Pass();
        for (int i : batch) {
            pass.add(texts.get(i), 0, texts.get(i).length, 0, outputs);
        }
        model.engine().hidden(pass, hidden -> {
            int row = 0;
            for (int i : batch) {
                int length = texts.get(i).length;
                for (int n = outputs == Outputs.LAST ? length - 1 : 0; n < length; n++) {
                    receiver.token(hidden, row++, i, n);
                }
            }
            return null;
        });
    }

    private void inPieces(Scheduler scheduler, String key, BooleanSupplier goesOn, int[] ids, int number,
            Outputs outputs, Receiver receiver) {
        Sequence[] opened = new Sequence[1];
        try {
            for (int at = 0; at < ids.length && goesOn.getAsBoolean(); at += passTokens) {
                int from = at;
                inTurn(scheduler, key, () -> piece(opened, ids, from, number, outputs, receiver));
            }
        } finally {
            if (opened[0] != null) {
                inTurn(scheduler, key, opened[0]::close);
            }
        }
    }

    private void piece(Sequence[] opened, int[] ids, int from, int number, Outputs outputs, Receiver receiver) {
        Engine engine = model.engine();
        if (opened[0] == null) {
            opened[0] = engine.open();
        }
        int to = Math.min(ids.length, from + passTokens);
        boolean isAll = outputs == Outputs.ALL;
        try {
            engine.add(opened[0], ids, from, to, isAll || to == ids.length ? outputs : Outputs.NONE);
            Tensor hidden = engine.runHidden();
            for (int n = isAll ? from : ids.length - 1; n < to; n++) {
                receiver.token(hidden, isAll ? n - from : 0, number, n);
            }
        } finally {
            engine.discard();
        }
        if (to == ids.length) {
            opened[0].close();
            opened[0] = null;
        }
    }
}
