package glia.engine.picture;

import glia.engine.LanguageModel;
import glia.engine.call.Prompt;
import glia.engine.call.RenderedPrompt;
import glia.engine.pass.Engine;
import glia.engine.sampling.Sampler;
import glia.engine.sampling.SamplingOptions;
import glia.engine.state.ContextFullException;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.picture.Pixels;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.codec.PictureCodec;
import glia.model.codec.PictureCodes;
import glia.model.picture.PictureProcessor;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.text.template.ChatMessage;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntPredicate;

/// Pictures of texts, by models that generate the codes of a picture one after another: Janus, Emu3, Chameleon with a
/// decoder. With classifier-free guidance (https://arxiv.org/abs/2207.12598): the logits are `u + g (c - u)`, where c
/// has seen the text and u has not.
///
/// ```java
/// byte[] png = PictureGenerator.of(model).generate("a red circle", Options.defaults(), done -> true)
///         .orElseThrow().png();
/// ```
///
/// For any threads: each step waits for its turn among the model's requests.
public final class PictureGenerator {
    private static final double OWN_GUIDANCE = 5;
    private static final double GUIDANCE = 3;

    /// How a picture is generated.
    ///
    /// @param guidance g; 1 for none; empty for the model's usual one
    /// @param negative what u has seen in place of the text
    /// @param width in pixels; 0 for the model's
    public record Options(OptionalDouble guidance, String negative, SamplingOptions sampling, int width, int height) {
        public Options {
            if (guidance.isPresent() && !(guidance.getAsDouble() >= 0 && guidance.getAsDouble() <= 1000)) {
                throw new IllegalArgumentException("guidance: found " + guidance.getAsDouble()
                        + ", expected 0 to 1000; 1 is off");
            }
            if (width < 0 || height < 0) {
                throw new IllegalArgumentException("size: found " + width + "x" + height + ", expected pixels");
            }
        }

        /// The model's own distribution with the usual guidance.
        public static Options defaults() {
            return new Options(OptionalDouble.empty(), "", SamplingOptions.neutral(), 0, 0);
        }

        /// A copy with other sampling.
        public Options with(SamplingOptions other) {
            return new Options(guidance, negative, other, width, height);
        }

        /// A copy with another guidance.
        public Options withGuidance(double other) {
            return new Options(OptionalDouble.of(other), negative, sampling, width, height);
        }

        /// A copy with another size, in pixels.
        public Options withSize(int wide, int high) {
            return new Options(guidance, negative, sampling, wide, high);
        }
    }

    private final LanguageModel model;
    private final PictureCodes codes;
    private final PictureProcessor processor;

    private PictureGenerator(LanguageModel model, PictureCodes codes, PictureProcessor processor) {
        this.model = model;
        this.codes = codes;
        this.processor = processor;
    }

    /// Whether a model may generate pictures.
    public static boolean describes(Model model) {
        return model.path().isPresent() && PictureCodec.describes(model);
    }

    /// The generator of a model.
    ///
    /// @throws IllegalArgumentException if the model generates no pictures; the message says why
    /// @throws CheckpointException if its files are wrong
    public static PictureGenerator of(LanguageModel model) throws CheckpointException {
        PictureCodes codes = (describes(model.model()) ? PictureCodes.of(model.model())
                : Optional.<PictureCodes>empty()).orElseThrow(() -> new IllegalArgumentException("the model "
                + model.model().spec().modelType() + " generates no pictures; expected one such as Janus or Emu3"));
        if (!codes.codec().decodes()) {
            throw new IllegalArgumentException("the model's files have no decoder of pictures "
                    + "(vqmodel.decoder.conv_in.weight): it reads pictures and generates none");
        }
        PictureProcessor processor = PictureProcessor.find(model.path()).orElseThrow(() ->
                new IllegalArgumentException(model.path() + ": pictures are made as " + PictureProcessor.files()
                        + " says; there is neither"));
        return new PictureGenerator(model, codes, processor);
    }

    /// Generates a picture.
    ///
    /// @param progress is called after each code with the number of codes, and says whether to go on
    /// @return empty if it was not to go on
    /// @throws IllegalArgumentException if the model makes no pictures of this size, or they do not fit its context
    /// @throws CheckpointException if a setting is wrong
    public Optional<Pixels> generate(String text, Options options, IntPredicate progress) throws CheckpointException {
        int[] grid = grid(options);
        double guidance = options.guidance().orElse(codes instanceof PictureCodes.Layered ? OWN_GUIDANCE : GUIDANCE);
        List<int[]> prompts = new ArrayList<>(List.of(prompt(text, grid)));
        if (guidance != 1) {
            prompts.add(codes instanceof PictureCodes.Layered && options.negative().isEmpty()
                    ? padded(prompts.getFirst(), grid) : prompt(options.negative(), grid));
        }
        int length = grid[0] * (grid[1] + (codes.lineEnd().isPresent() ? 1 : 0));
        ContextFullException.require(prompts.stream().mapToInt(p -> p.length).max().orElseThrow() + length,
                model.model().spec().contextLength());
        Optional<int[]> made = codes(prompts, grid, guidance, new Sampler(options.sampling(), codes.codec().size()),
                progress);
        return made.map(all -> inTurn(engine -> processor.pixels(engine.computeWhole(() ->
                codes.codec().decode(engine.ops(), new PictureCodec.Codes(grid[0], grid[1], all)), p -> p))));
    }

    /// The width and the height of a picture of the model without a wanted size.
    public int[] size() throws CheckpointException {
        int[] grid = grid(Options.defaults());
        return new int[] {grid[1] * codes.codec().factor(), grid[0] * codes.codec().factor()};
    }

    private int[] grid(Options options) throws CheckpointException {
        int factor = codes.codec().factor();
        int[] own = codes.grid().orElse(null);
        if (own == null) {
            int side = Math.max(1, (int) Math.sqrt(processor.leastPixels().orElse(512 * 512)) / factor);
            own = new int[] {side, side};
        }
        int[] wanted = {options.height() == 0 ? own[0] * factor : options.height(),
            options.width() == 0 ? own[1] * factor : options.width()};
        boolean isOther = wanted[0] != own[0] * factor || wanted[1] != own[1] * factor;
        if (isOther && codes.grid().isPresent() || wanted[0] % factor != 0 || wanted[1] % factor != 0) {
            throw new IllegalArgumentException("size: found " + wanted[1] + "x" + wanted[0] + ", expected "
                    + (codes.grid().isPresent() ? own[1] * factor + "x" + own[0] * factor
                    + ", the one size of the model" : "multiples of " + factor));
        }
        return new int[] {wanted[0] / factor, wanted[1] / factor};
    }

    private int[] prompt(String text, int[] grid) throws CheckpointException {
        TextBuilder all = new TextBuilder();
        boolean hasTemplate = model.template().isPresent();
        if (hasTemplate) {
            TrustedText chat = RenderedPrompt.text(model, new Prompt.Conversation(List.of(ChatMessage.user(text)),
                    List.of(), Map.of(), false), model.options().thinking());
            all.append(chat, 0, chat.toString().length());
        } else {
            all.append(text);
        }
        return model.tokenizer().encode(all.trusted(processor.opening(grid[0], grid[1])).whole(), !hasTemplate);
    }

    /// The prompt with padding in place of all but the first token and what opens the picture.
    private int[] padded(int[] prompt, int[] grid) throws CheckpointException {
        int[] opening = model.tokenizer().encode(new TextBuilder().trusted(processor.opening(grid[0], grid[1]))
                .whole(), false);
        int[] ids = prompt.clone();
        Arrays.fill(ids, Math.min(1, ids.length), Math.max(1, ids.length - opening.length),
                codes.padding());
        return ids;
    }

    private interface Work<T> {
        T of(Engine engine);
    }

    private <T> T inTurn(Work<T> work) {
        return model.scheduler().inTurn("", () -> work.of(model.engine()));
    }

    private Optional<int[]> codes(List<int[]> prompts, int[] grid, double guidance, Sampler sampler,
            IntPredicate progress) {
        int[] made = new int[grid[0] * grid[1]];
        List<Sequence> sequences = new ArrayList<>();
        try {
            float[] logits = inTurn(engine -> {
                prompts.forEach(prompt -> sequences.add(engine.open()));
                return guided(engine, sequences, prompts.stream().map(Input::of).toList(), guidance);
            });
            for (int i = 0; i < made.length; i++) {
                made[i] = sampler.sample(Tensor.of(Arena.ofAuto(), logits, 1, logits.length), 0);
                if (!progress.test(i + 1)) {
                    return Optional.empty();
                }
                if (i + 1 < made.length) {
                    int code = made[i];
                    boolean ends = codes.lineEnd().isPresent() && i % grid[1] == grid[1] - 1;
                    logits = inTurn(engine -> guided(engine, sequences, Collections.nCopies(
                            sequences.size(), next(engine, code, ends)), guidance));
                }
            }
        } finally {
            inTurn(engine -> {
                sequences.forEach(Sequence::close);
                return null;
            });
        }
        return Optional.of(made);
    }

    private Input next(Engine engine, int code, boolean ends) {
        Input next = engine.computeWhole(() -> codes.next(engine.ops(), code), input -> input);
        return ends ? Input.of(next.ids()[0], codes.lineEnd().getAsInt()) : next;
    }

    /// The guided logits of the next code.
    private float[] guided(Engine engine, List<Sequence> sequences, List<Input> inputs, double guidance) {
        for (int i = 0; i < sequences.size(); i++) {
            int at = sequences.get(i).length();
            Input input = inputs.get(i);
            engine.add(sequences.get(i), input.ids(), input.embedded().stream().map(e -> new Input.Embedded(
                    at + e.start(), e.rows())).toList(), 0, input.ids().length, Outputs.LAST);
        }
        engine.awaitClaim();
        try {
            Tensor logits = codes.logits(engine.ops(), engine.runHidden());
            int size = logits.cols();
            float[] seen = logits.rows(0, 1).toArray();
            for (int v = 0; sequences.size() > 1 && v < size; v++) {
                float unseen = logits.get((long) size + v);
                seen[v] = (float) (unseen + guidance * (seen[v] - unseen));
            }
            return seen;
        } finally {
            engine.release();
        }
    }
}
