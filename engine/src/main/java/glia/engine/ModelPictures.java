package glia.engine;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.sound.Sound;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.codec.PictureTokens;
import glia.model.picture.PictureProcessor;
import glia.model.picture.PreparedPicture;
import glia.model.spec.Tower;
import glia.tensor.Tensor;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// How a model reads the pictures of a conversation: its chat template writes a mark for each, its processor makes the
/// tower's features of it and says what replaces the mark. Features are kept by the content of the file, so further
/// turns do not decode a picture again. Any number of threads may use it.
public final class ModelPictures {
    /// A text that no template has.
    private static final String PROBE = "glia-probe";
    private static final long KEPT_BYTES = 256L << 20;

    /// A rendered conversation.
    ///
    /// @param text with one placeholder for each of the rows' runs
    /// @param rows of the runs, in order
    public record Rendered(TrustedText text, List<Input.Rows> rows) { }

    /// A picture for the tower.
    ///
    /// @param text what replaces its mark
    private record Ready(String text, List<Input.Rows> rows) {
        long bytes() {
            return rows.stream().mapToLong(row -> (row.first() == 0 ? row.values().sizeBytes() : 0)
                    + 4L * row.order().length).sum();
        }
    }

    private final Path path;
    private final Optional<Tower> tower;
    /// The model that reads pictures as tokens, if it does.
    private final Optional<Model> codes;
    private final UnaryOperator<Supplier<Input.Rows>> turns;
    private final Engine engine;
    private PictureTokens tokens;
    private final Tokenizer tokenizer;
    private final ModelSounds sounds;
    private final Map<String, Ready> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long keptBytes;
    private PictureProcessor processor;
    /// Whether the template takes texts in parts only; null before it was found.
    private volatile Boolean isOfParts;

    /// @param turns waits for a turn of the engine
    ModelPictures(Path path, Engine engine, UnaryOperator<Supplier<Input.Rows>> turns, Tokenizer tokenizer) {
        this.path = path;
        this.engine = engine;
        this.turns = turns;
        this.tower = engine.model().spec().towers().stream().findFirst();
        this.codes = tower.isEmpty() && PictureTokens.describe(engine.model()) ? Optional.of(engine.model())
                : Optional.empty();
        this.tokenizer = tokenizer;
        this.sounds = new ModelSounds(path, engine, tokenizer);
    }

    /// Whether the model reads pictures.
    public boolean areRead() {
        return tower.isPresent() || codes.isPresent();
    }

    /// Whether the model reads sounds.
    public boolean areHeard() {
        return sounds.areHeard();
    }

    /// What the model reads, in the words of OpenAI's API.
    public List<String> modalities() {
        return areHeard() ? List.of("text", "image", "audio") : areRead() ? List.of("text", "image") : List.of("text");
    }

    /// Renders a conversation.
    ///
    /// @throws IllegalArgumentException if a message has parts that the model does not read, or a picture cannot be
    ///     used
    /// @throws TemplateException if the template refuses the conversation or fails
    public Rendered render(ChatTemplate template, List<ChatMessage> messages, RenderOptions options) {
        List<Sound> heard = messages.stream().flatMap(message -> message.sounds().stream()).toList();
        if (!heard.isEmpty() && !areHeard()) {
            throw new IllegalArgumentException(heard.getFirst().name() + ": the model reads no sounds; one with a "
                    + "tower of sounds does, such as Qwen/Qwen2.5-Omni-3B, and glia transcribe writes down what is "
                    + "said");
        }
        Rendered seen = renderPictures(template, messages, options);
        return heard.isEmpty() ? seen : new Rendered(seen.text(), Stream.concat(seen.rows().stream(),
                sounds.rows(seen.text(), heard).stream()).toList());
    }

    private Rendered renderPictures(ChatTemplate template, List<ChatMessage> messages, RenderOptions options) {
        if (!areRead()) {
            messages.forEach(ChatMessage::requireText);
            return new Rendered(template.renderTrusted(messages, options), List.of());
        }
        messages.forEach(ChatMessage::requirePictures);
        List<Picture> pictures = messages.stream().flatMap(message -> message.pictures().stream()).toList();
        List<ChatMessage> given = isOfParts(template, options)
                ? messages.stream().map(message -> message.withContent(message.parts())).toList() : messages;
        if (pictures.isEmpty()) {
            return new Rendered(template.renderTrusted(given, options), List.of());
        }
        String mark = processor().mark();
        TrustedText text = null;
        TemplateException refusal = null;
        try {
            text = template.renderTrusted(given, options);
        } catch (TemplateException e) {
            // A template of texts alone may fail for parts.
            refusal = e;
        }
        if (text == null || count(text, mark) != pictures.size()) {
            text = template.renderTrusted(messages.stream().map(message -> marked(message, mark)).toList(), options);
        }
        int found = count(text, mark);
        if (found != pictures.size()) {
            throw refusal != null ? refusal : new PictureException(pictures.getFirst().name(), "the model's chat "
                    + "template writes " + found
                    + " marks " + mark + " for " + pictures.size() + " pictures; expected one for each");
        }
        return expanded(text, mark, pictures);
    }

    /// Whether a text that is no list of parts is left out.
    private boolean isOfParts(ChatTemplate template, RenderOptions options) {
        Boolean known = isOfParts;
        if (known == null) {
            List<ChatMessage> probe = List.of(ChatMessage.user(PROBE));
            known = !holds(template, probe, options) && holds(template, List.of(probe.getFirst()
                    .withContent(probe.getFirst().parts())), options);
            isOfParts = known;
        }
        return known;
    }

    private static boolean holds(ChatTemplate template, List<ChatMessage> messages, RenderOptions options) {
        try {
            return template.renderTrusted(messages, options).toString().contains(PROBE);
        } catch (TemplateException e) {
            return false;
        }
    }

    /// A message with the marks of its pictures in its text.
    private static ChatMessage marked(ChatMessage message, String mark) {
        if (message.pictures().isEmpty()) {
            return message;
        }
        TextBuilder text = new TextBuilder();
        for (Object part : message.parts()) {
            if (part instanceof Map<?, ?> map && map.get("image") instanceof Picture) {
                text.trusted(mark + "\n");
            } else {
                text.append(part instanceof Map<?, ?> map ? String.valueOf(map.get("text")) : part.toString());
            }
        }
        return message.withContent(text.whole());
    }

    /// The next mark that the template wrote, not a message; -1 if there is none.
    private static int next(TrustedText text, String mark, int from) {
        int at = text.toString().indexOf(mark, from);
        while (at >= 0 && !text.isTrusted(at, at + mark.length())) {
            at = text.toString().indexOf(mark, at + 1);
        }
        return at;
    }

    /// The number of marks that the template wrote.
    static int count(TrustedText text, String mark) {
        int count = 0;
        for (int at = next(text, mark, 0); at >= 0; at = next(text, mark, at + mark.length())) {
            count++;
        }
        return count;
    }

    private Rendered expanded(TrustedText text, String mark, List<Picture> pictures) {
        String placeholder = tokenizer.piece(placeholder());
        TextBuilder all = new TextBuilder();
        List<Input.Rows> rows = new ArrayList<>();
        int from = 0;
        for (Picture picture : pictures) {
            Ready ready = ready(picture);
            int at = next(text, mark, from);
            all.append(text, from, at).trusted(ready.text().replace(String.valueOf(PreparedPicture.PLACE),
                    placeholder));
            rows.addAll(ready.rows());
            from = at + mark.length();
        }
        return new Rendered(all.append(text, from, text.toString().length()).whole(), rows);
    }

    private Ready ready(Picture picture) {
        synchronized (kept) {
            Ready known = kept.get(picture.hash());
            if (known != null) {
                return known;
            }
        }
        Ready made;
        try {
            PreparedPicture prepared = processor().prepare(picture.pixels());
            made = new Ready(prepared.text(), tower.isPresent() ? prepared.rows(tower.get(), 0)
                    : List.of(rows(prepared)));
        } catch (PictureException e) {
            throw e;
        } catch (IllegalArgumentException | CheckpointException e) {
            throw new PictureException(picture.name(), e.getMessage());
        }
        synchronized (kept) {
            if (made.bytes() <= KEPT_BYTES && kept.put(picture.hash(), made) == null) {
                keptBytes += made.bytes();
            }
            for (Iterator<Ready> oldest = kept.values().iterator(); keptBytes > KEPT_BYTES;) {
                keptBytes -= oldest.next().bytes();
                oldest.remove();
            }
        }
        return made;
    }

    private Input.Rows rows(PreparedPicture prepared) throws CheckpointException {
        PictureTokens own = tokens();
        Tensor pixels = prepared.pixels();
        long[] shape = pixels.shape();
        Tensor picture = pixels.reshape(Arrays.copyOfRange(shape, shape.length - 3, shape.length));
        Input.Rows rows = turns.apply(() -> engine.computeWhole(() -> own.rows(engine.ops(), picture), r -> r)).get();
        if (rows.count() != prepared.numPlaceholders()) {
            throw new IllegalArgumentException("the model's codec makes " + rows.count() + " tokens of the picture, "
                    + "its processor expects " + prepared.numPlaceholders() + "; config.json and "
                    + "preprocessor_config.json do not agree");
        }
        return rows;
    }

    private synchronized PictureTokens tokens() throws CheckpointException {
        if (tokens == null) {
            tokens = PictureTokens.of(codes.orElseThrow()).orElseThrow();
        }
        return tokens;
    }

    private int placeholder() {
        try {
            return tower.isPresent() ? tower.get().placeholder() : tokens().placeholder();
        } catch (CheckpointException e) {
            throw new PictureException(path.toString(), e.getMessage());
        }
    }

    private synchronized PictureProcessor processor() {
        if (processor == null) {
            try {
                Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
                processor = PictureProcessor.find(folder).orElseThrow(() -> new PictureException(folder.toString(),
                        "has no " + PictureProcessor.files() + ", which says how the model reads pictures"));
            } catch (CheckpointException e) {
                throw new PictureException(path.toString(), e.getMessage());
            }
        }
        return processor;
    }

    /// The tokens of a rendered conversation with its pictures.
    ///
    /// @param ids of [Rendered#text], or of a text that ends with it
    /// @param before the number of tokens before it, which have placeholders of no picture
    public Input input(int[] ids, int before, List<Input.Rows> rows) {
        if (rows.isEmpty()) {
            return Input.of(ids);
        }
        int[] rest = Arrays.copyOfRange(ids, before, ids.length);
        Input own = areHeard() ? sounds.expanded(rest, rows)
                : Input.expanded(rest, placeholder(), rows);
        int[] all = Arrays.copyOf(ids, before + own.ids().length);
        System.arraycopy(own.ids(), 0, all, before, own.ids().length);
        return new Input(all, own.embedded().stream().map(e -> new Input.Embedded(before + e.start(), e.rows()))
                .toList());
    }
}
