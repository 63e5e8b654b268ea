package glia.model.block;

import glia.model.spec.BytePatches;
import glia.model.spec.Classes;
import glia.model.spec.Conformer;
import glia.model.spec.Diffusion;
import glia.model.spec.Draft;
import glia.model.spec.ModelSpec;
import glia.model.spec.Place;
import glia.model.spec.Role;
import glia.model.spec.SharedKvAttention;
import glia.model.spec.SharedLatentAttention;
import glia.model.spec.SharedTransformer;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.kernel.Span;
import glia.tensor.ops.Ops;
import glia.tensor.ops.Weight;
import glia.tensor.ops.logits.LogitHead;
import glia.tensor.ops.logits.TokenLogProbs;
import glia.tensor.ops.row.Columns.ConcatColumns;
import glia.tensor.ops.row.Columns.SliceColumns;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A model from tokens to logits: embedding, sublayers `x + after(mixer(before(x)))`, final norm, head. With
/// bidirectional attention it is an encoder. An encoder-decoder model encodes the sources of a pass first.
public final class Decoder {
    private record Reader(EmbeddingBlock embedding, Layers layers, Block finalNorm) { }

    private final EmbeddingBlock embedding;
    private final StreamsBlock streams;
    private final Optional<Reader> encoder;
    private final Layers layers;
    private final Block finalNorm;
    private final HeadBlock head;
    private final int[] layerOf;
    private final boolean keepsEmbeddings;
    /// The spans of the encoder's layers whose keys and values a canvas sees.
    private final Map<Place, Span> prefixSpans = new HashMap<>();
    private final List<DraftBlock> drafts = new ArrayList<>();
    private final List<TowerBlock> towers;

    /// A model with the context length of its spec.
    public Decoder(ModelSpec spec, Weights weights) {
        this(spec, weights, spec.contextLength());
    }

    /// @param context the context length, on which some RoPE scalings depend
    public Decoder(ModelSpec spec, Weights all, int context) {
        Weights weights = all.shared(spec::parameters);
        Mixers mixers = new Mixers(weights, new RopeTables(context), followed(spec));
        embedding = new EmbeddingBlock(spec.embedding(), weights);
        streams = StreamsBlock.of(spec.streams(), weights);
        encoder = spec.encoder().map(e -> new Reader(e.embedding().map(own -> EmbeddingBlock.ofEncoder(own, weights))
                .orElse(embedding), new Layers(e.sublayers(), spec.sublayers().size(), mixers),
                NormBlock.of(e.finalNorm(), weights, Place.WHOLE, Role.ENCODER_FINAL_WEIGHT,
                        Role.ENCODER_FINAL_BIAS)));
        layers = new Layers(spec.sublayers(), 0, mixers);
        finalNorm = NormBlock.of(spec.finalNorm(), weights, Place.WHOLE, Role.FINAL_WEIGHT, Role.FINAL_BIAS);
        head = new HeadBlock(spec.head(), weights);
        keepsEmbeddings = IntStream.range(0, spec.sublayers().size())
                .anyMatch(i -> spec.mixers(i).stream().anyMatch(m -> m instanceof SharedTransformer
                        || m instanceof Conformer.EmbeddingConvolution));
        spec.sublayers().stream().map(Sublayer::mixer).forEach(mixer -> {
            if (mixer instanceof Diffusion.CanvasAttention canvas) {
                prefixSpans.put(canvas.encoder(), canvas.attention().span());
            }
        });
        layerOf = spec.allSublayers().stream().mapToInt(Sublayer::layer).toArray();
        towers = IntStream.range(0, spec.towers().size()).mapToObj(i -> new TowerBlock(spec, i, all)).toList();
        for (int i = 0; i < spec.drafts().size(); i++) {
            drafts.add(new DraftBlock(spec.drafts().get(i), spec.firstPlace(i), mixers));
        }
    }

    /// The number of the layer at a place, as the checkpoint counts.
    public int layer(Place place) {
        return layerOf[place.sublayer()];
    }

    /// Whether layers read keys and values, or other tensors, of layers before them.
    public static boolean sharesKeys(ModelSpec spec) {
        return !followed(spec).isEmpty();
    }

    private static Set<Integer> followed(ModelSpec spec) {
        return IntStream.range(0, spec.sublayers().size()).boxed().flatMap(i -> spec.mixers(i).stream()
                .flatMap(m -> m instanceof SharedKvAttention a ? Stream.of(a.followed().sublayer())
                        : m instanceof Diffusion.CanvasAttention a ? Stream.of(a.encoder().sublayer())
                        : m instanceof SharedLatentAttention a ? a.followed().map(Place::sublayer).stream()
                        : m instanceof BytePatches ? Stream.of(i) : Stream.of()))
                .collect(Collectors.toSet());
    }

    /// The logits `[numOutputs, V]` of the pass's output tokens.
    ///
    /// @throws IllegalArgumentException if a token or, with learned positions, a position does not exist
    public Tensor forward(Ops ops, Pass pass, States states) {
        return logits(ops, hidden(ops, pass, states), pass, states);
    }

    /// The logits `[N, V]` of hidden states `[N, D]`, also of those of an MTP layer.
    public Tensor logits(Ops ops, Tensor hidden, Pass pass, States states) {
        return head.forward(ops, hidden, pass, states);
    }

    /// The operation that computes log-probabilities of tokens from hidden states `[N, D]`, without all logits in
    /// memory.
    ///
    /// @param targets for each row a token, negative where there is none; not copied, and may be longer
    /// @param temperature divisor of the logits
    /// @param numTop the number of most probable tokens per row
    /// @param wantsMean whether there is a column of mean logits
    /// @throws IllegalArgumentException if the model has no head, or a target is outside the vocabulary
    public TokenLogProbs logProbs(Ops ops, Tensor hidden, Pass pass, int[] targets, float temperature,
            boolean wantsEntropy, int numTop, boolean wantsMean) {
        return new TokenLogProbs(headInput(ops, hidden, pass), logitHead(temperature), targets, wantsEntropy, numTop,
                wantsMean);
    }

    /// The input of the head's matrix, `[N, D]`, from hidden states.
    public Tensor headInput(Ops ops, Tensor hidden, Pass pass) {
        return head.transform(ops, hidden, pass, States.NONE);
    }

    /// The head, for losses that compute logits in parts.
    ///
    /// @param temperature divisor of the logits
    /// @throws IllegalArgumentException if the model has no head
    public LogitHead logitHead(float temperature) {
        LogitHead parts = head.parts();
        return temperature == 1 ? parts : parts.with(parts.rule().withTemperature(temperature));
    }

    /// Runs a multi-token-prediction layer. `logits` of the result, normalized hidden states `[N, D]`, predict the
    /// token after the next.
    ///
    /// @param hidden `[N, D]`, the output of the model or of the previous MTP layer for all tokens of the pass
    /// @param following the next token of each row of `hidden`, at the same positions
    /// @param states the caches of the MTP layer
    public Tensor draft(int layer, Ops ops, Tensor hidden, Pass following, States states) {
        following.crossLayer().routed().clear();
        Pass own = own(ops, following);
        Tensor y = drafts.get(layer).forward(ops, embed(ops, own, states, 2 + layer), hidden, own, states);
        keepRouted(own, following);
        return y;
    }

    /// The number of multi-token-prediction layers.
    public int numDrafts() {
        return drafts.size();
    }

    /// The classes of a classifier, whose `logits` are scores of pooled hidden states.
    public Optional<Classes> classes() {
        return head.classes();
    }

    /// The final hidden states `[numOutputs, D]`, normalized: the input of the head, and of text embeddings.
    public Tensor hidden(Ops ops, Pass pass, States states) {
        return hidden(ops, pass, states, List.of());
    }

    /// The states of the output tokens after some layers, in their order, then the final hidden states.
    List<Tensor> hidden(Ops ops, Pass pass, Set<Integer> after) {
        layers.keep(after);
        List<Tensor> all = new ArrayList<>();
        Tensor last = hidden(ops, pass, States.NONE, all);
        all.add(last);
        return all;
    }

    private Tensor hidden(Ops ops, Pass pass, States states, List<Tensor> inner) {
        pass.crossLayer().routed().clear();
        Pass own = own(ops, pass);
        Tensor x = layers.forward(ops, embedded(ops, own, states), own, states);
        keepRouted(own, pass);
        for (Tensor kept : own.crossLayer().inner()) {
            inner.add(outputs(ops, ops.rows().all(ops, kept), own));
        }
        Tensor y = outputs(ops, x, own);
        if (ops.layerRanks().isPresent()) {
            ops.layerRanks().get().share(y);
        }
        return normalized(ops, y, own, states);
    }

    /// The residual stream before the first sublayer.
    private Tensor embedded(Ops ops, Pass own, States states) {
        encoder.ifPresent(e -> own.encoded().ifPresentOrElse(prefix -> prefix.copyTo(own.crossLayer()),
                () -> own.crossLayer().encoded(encode(e, ops, own))));
        Tensor x = streams.open(ops, embed(ops, own, states, 0));
        if (own.hook() != null) {
            own.hook().stream(LayerHook.EMBEDDINGS, x);
        }
        return x;
    }

    /// The residual stream `[N, D]` of all tokens, or of those of this rank, after some sublayers, for a stage of a
    /// pipeline.
    ///
    /// @param before the stream before them; empty for the first ones, which begin with the embedding
    /// @param from the first sublayer
    /// @param to the sublayer after the last one
    /// @throws IllegalArgumentException if other sublayers read more of these than the stream
    public Tensor stage(Ops ops, Pass pass, Optional<Tensor> before, int from, int to) {
        pass.crossLayer().routed().clear();
        Pass own = own(ops, pass);
        ops.rows().begin(pass.numTokens());
        Tensor x = before.isPresent() ? before.get() : ops.rows().own(ops, embedded(ops, own, States.NONE));
        x = layers.forward(ops, x, own, States.NONE, from, to);
        keepRouted(own, pass);
        Layers.requireStream(own);
        return x;
    }

    /// Hidden states as [#hidden] returns them, of the stream after the last stage.
    public Tensor ended(Ops ops, Pass pass, Tensor stream) {
        Pass own = own(ops, pass);
        return normalized(ops, outputs(ops, ops.rows().all(ops, stream), own), own, States.NONE);
    }

    /// Hidden states `[N, D]` as [#hidden] returns them, from the residual stream after any sublayer
    /// ([LayerHook]): the logit lens reads the logits of these
    /// (https://www.lesswrong.com/posts/AcKRB8wDpdaN6v6ru/interpreting-gpt-the-logit-lens).
    public Tensor normalized(Ops ops, Tensor stream, Pass pass, States states) {
        return finalNorm.forward(ops, streams.close(ops, stream), pass, states);
    }

    /// The hidden state `[N, D]` of a residual stream, which is several streams in some models.
    public Tensor joined(Ops ops, Tensor stream) {
        return streams.close(ops, stream);
    }

    private static Tensor outputs(Ops ops, Tensor x, Pass pass) {
        return pass.numOutputs() < pass.numTokens() ? ops.select(x, pass.outputs(), pass.numOutputs()) : x;
    }

    private static void keepRouted(Pass own, Pass pass) {
        if (own != pass) {
            pass.crossLayer().addRouted(own.crossLayer().routed());
        }
    }

    /// The pass, or a copy if layers are recomputed in the backward pass, when it may have changed.
    private static Pass own(Ops ops, Pass pass) {
        return ops.segmentSublayers() == 0 ? pass : pass.frozen(ops);
    }

    /// @param reader 0 for the decoder, 1 for the encoder, from 2 on for MTP layers
    private Tensor embed(Ops ops, Pass pass, States states, int reader) {
        Tensor x = embed(embedding, ops, pass, states, reader);
        if (keepsEmbeddings) {
            // A copy, since the stream may be overwritten.
            pass.crossLayer().embedded(ops.apply(SliceColumns.of(x, 0, x.cols())));
        }
        return x;
    }

    private Tensor embed(EmbeddingBlock block, Ops ops, Pass pass, States states, int reader) {
        return ops.dropout(block.forward(ops, pass, states, rows -> encode(ops, rows)), Ops.Dropped.EMBEDDINGS,
                reader);
    }

    /// The embeddings `[count, D]` of rows: as they are, or made by their tower, with gradients where `ops` records.
    ///
    /// @throws IllegalArgumentException if the model has no such tower
    public Tensor encode(Ops ops, Input.Rows rows) {
        if (rows.tower() >= towers.size()) {
            throw new IllegalArgumentException("features for tower " + rows.tower() + ", but the model has "
                    + towers.size() + " towers");
        }
        return rows.tower() < 0 ? rows.values() : towers.get(rows.tower()).forward(ops, rows);
    }

    /// The logits `[A, B]` of all pairs of embeddings of texts `[A, D]` and of pictures `[B, D]`, or the reverse.
    ///
    /// @throws IllegalArgumentException if the model does not compare texts with pictures
    public Tensor compare(Ops ops, Tensor a, Tensor b) {
        return towers.stream().findFirst().orElseThrow(() -> new IllegalArgumentException(
                "the model does not compare texts with pictures")).compare(ops, a, b);
    }

    /// A source is encoded as a full sequence, without a cache.
    private Tensor encode(Reader reader, Ops ops, Pass pass) {
        Pass source = pass.source();
        if (source.runs().count() != pass.runs().count()) {
            throw new IllegalArgumentException("an encoder-decoder needs a source for each sequence of a pass");
        }
        Tensor x = reader.layers.forward(ops, embed(reader.embedding, ops, source, States.NONE, 1), source,
                States.NONE);
        source.crossLayer().attended().forEach((place, kv) ->
                pass.crossLayer().attended(place, kv.keys(), kv.values()));
        return reader.finalNorm.forward(ops, x, source, States.NONE);
    }

    /// Computes the keys and values that canvases after a prefix see, for `Pass.after`.
    ///
    /// @throws IllegalArgumentException if the model has no encoder for canvases
    public EncodedPrefix encode(Ops ops, int... prefix) {
        if (prefixSpans.isEmpty()) {
            throw new IllegalArgumentException("the model has no encoder for the canvas of text diffusion");
        }
        Pass pass = new Pass().add(prefix, 0, 0, prefix.length, Pass.Outputs.NONE).from(prefix, 0, prefix.length);
        encode(encoder.orElseThrow(), ops, pass);
        return new EncodedPrefix(prefix.length, pass.crossLayer().attended(), prefixSpans);
    }

    /// A multi-token-prediction (MTP) layer (https://arxiv.org/abs/2412.19437, section 2.2).
    static final class DraftBlock {
        private final Block embeddingNorm;
        private final Block hiddenNorm;
        private final Weight join;
        private final Layers layers;
        private final Block finalNorm;

        DraftBlock(Draft spec, int firstPlace, Mixers mixers) {
            Weights weights = mixers.weights();
            Place place = Place.of(firstPlace);
            embeddingNorm = NormBlock.of(spec.embeddingNorm(), weights, place, Role.DRAFT_EMBEDDING_NORM,
                    Role.DRAFT_EMBEDDING_NORM);
            hiddenNorm =
                    NormBlock.of(spec.hiddenNorm(), weights, place, Role.DRAFT_HIDDEN_NORM, Role.DRAFT_HIDDEN_NORM);
            join = weights.get(place, Role.DRAFT_JOIN);
            layers = new Layers(spec.sublayers(), firstPlace, mixers);
            finalNorm = NormBlock.of(spec.finalNorm(), weights, place, Role.DRAFT_FINAL_NORM, Role.DRAFT_FINAL_NORM);
        }

        /// @param embedded the embeddings of the next tokens, `[N, D]`
        /// @param hidden `[N, D]`
        Tensor forward(Ops ops, Tensor embedded, Tensor hidden, Pass pass, States states) {
            Tensor next = embeddingNorm.forward(ops, embedded, pass, states);
            Tensor h = hiddenNorm.forward(ops, hidden, pass, states);
            Tensor x = ops.linear(ops.apply(new ConcatColumns(next, h, 1, false)), join);
            return finalNorm.forward(ops, layers.forward(ops, x, pass, states), pass, states);
        }
    }
}
