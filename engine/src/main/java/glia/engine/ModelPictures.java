package glia.engine;

import glia.engine.pass.Engine;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.file.Folders;
import glia.io.picture.Film;
import glia.io.picture.Picture;
import glia.io.picture.PictureException;
import glia.io.sound.Sound;
import glia.io.picture.Visual;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.model.Model;
import glia.model.block.Input;
import glia.model.codec.PictureTokens;
import glia.model.picture.MmprojSettings;
import glia.model.picture.PictureProcessor;
import glia.model.picture.PreparedPicture;
import glia.model.spec.Tower;
import glia.tensor.Tensor;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.tokenizer.Tokenizer;
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
    /// @param marks where the marks of the pictures ended in the text before
    /// @param moved how far the text after each of them has moved
    public record Rendered(TrustedText text, List<Input.Rows> rows, List<Integer> marks, List<Integer> moved) {
        /// Without the places of marks.
        public Rendered(TrustedText text, List<Input.Rows> rows) {
            this(text, rows, List.of(), List.of());
        }

        /// Where a place of the text with marks is now; it is in no mark.
        public int place(int before) {
            int shift = 0;
            for (int i = 0; i < marks.size() && marks.get(i) <= before; i++) {
                shift = moved.get(i);
            }
            return before + shift;
        }
    }

    /// A conversation as the template takes it.
    ///
    /// @param text what the template makes of it, if that is known
    private record Given(List<ChatMessage> messages, Optional<TrustedText> text) { }

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

    /// Those of a model that no scheduler runs, such as one in training.
    ///
    /// @param path of the model's folder or file
    public static ModelPictures of(Path path, Engine engine, Tokenizer tokenizer) {
        return new ModelPictures(path, engine, work -> work, tokenizer);
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
        List<Sound> heard = sounds.of(messages);
        List<Visual> pictures = pictures(messages);
        Given given = given(template, messages, options);
        TrustedText text = given.text.orElseGet(() -> template.renderTrusted(given.messages, options));
        Rendered seen = pictures.isEmpty() ? new Rendered(text, List.of()) : expanded(text, pictures);
        if (heard.isEmpty()) {
            return seen;
        }
        TrustedText whole = sounds.marked(seen.text());
        return new Rendered(whole, Stream.concat(seen.rows().stream(), sounds.rows(whole, heard).stream()).toList());
    }

    private static List<Visual> pictures(List<ChatMessage> messages) {
        return messages.stream().flatMap(message -> message.visuals().stream()).toList();
    }

    /// A conversation as the template takes it: with texts as parts, or with marks in place of pictures, where it wants
    /// them so. The text of it has a mark for each picture.
    ///
    /// @throws IllegalArgumentException if a message has parts that the model does not read
    public List<ChatMessage> messages(ChatTemplate template, List<ChatMessage> messages, RenderOptions options) {
        return given(template, messages, options).messages;
    }

    private Given given(ChatTemplate template, List<ChatMessage> messages, RenderOptions options) {
        if (!areRead()) {
            messages.forEach(ChatMessage::requireText);
            return new Given(messages, Optional.empty());
        }
        messages.forEach(ChatMessage::requirePictures);
        List<ChatMessage> given = isOfParts(template, options)
                ? messages.stream().map(message -> message.withContent(message.parts())).toList() : messages;
        List<Visual> pictures = pictures(messages);
        if (pictures.isEmpty()) {
            return new Given(given, Optional.empty());
        }
        pictures.stream().filter(Film.class::isInstance).filter(film -> !processor().readsFilms()).forEach(film -> {
            throw new PictureException(film.name(), "the films of this model are not read; give it frames as pictures");
        });
        try {
            TrustedText text = template.renderTrusted(given, options);
            if (hasMarks(text, pictures)) {
                return new Given(given, Optional.of(text));
            }
        } catch (TemplateException e) {
            // A template of texts alone may fail for parts. If it refuses something else, it does so again.
        }
        return new Given(messages.stream().map(this::marked).toList(), Optional.empty());
    }

    /// Whether a text has the mark of each picture or film, in order, and no other.
    private boolean hasMarks(TrustedText text, List<? extends Visual> pictures) {
        int at = 0;
        for (Visual picture : pictures) {
            int found = text.indexOfTrusted(mark(picture), at);
            if (found < 0) {
                return false;
            }
            at = found + mark(picture).length();
        }
        return pictures.stream().map(this::mark).distinct().mapToInt(text::countTrusted).sum()
                == pictures.size();
    }

    private String mark(Visual picture) {
        try {
            return picture instanceof Picture ? processor().mark() : processor().filmMark();
        } catch (CheckpointException e) {
            throw new PictureException(path.toString(), e.getMessage());
        }
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
    private ChatMessage marked(ChatMessage message) {
        if (message.visuals().isEmpty()) {
            return message;
        }
        TextBuilder text = new TextBuilder();
        for (Object part : message.parts()) {
            Optional<Visual> visual = ChatMessage.visual(part);
            if (visual.isPresent()) {
                text.trusted(mark(visual.get()) + "\n");
            } else {
                text.append(part instanceof Map<?, ?> map ? String.valueOf(map.get("text")) : part.toString());
            }
        }
        return message.withContent(text.whole());
    }

    /// Replaces the marks of pictures in the text of a conversation of [#messages].
    ///
    /// @throws PictureException if the text has not one mark for each, or a picture cannot be used
    public Rendered expanded(TrustedText text, List<? extends Visual> pictures) {
        if (!hasMarks(text, pictures)) {
            String mark = mark(pictures.getFirst());
            throw new PictureException(pictures.getFirst().name(), "the model's chat template writes "
                    + text.countTrusted(mark) + " marks " + mark + " for " + pictures.size() + " pictures and films; "
                    + "expected one for each, in order");
        }
        String placeholder = tokenizer.piece(placeholder());
        TextBuilder all = new TextBuilder();
        List<Input.Rows> rows = new ArrayList<>();
        List<Integer> marks = new ArrayList<>();
        List<Integer> moved = new ArrayList<>();
        int from = 0;
        int shift = 0;
        for (Visual picture : pictures) {
            Ready ready = ready(picture);
            String mark = mark(picture);
            int at = text.indexOfTrusted(mark, from);
            String own = ready.text().replace(String.valueOf(PreparedPicture.PLACE), placeholder);
            all.append(text, from, at).trusted(own);
            rows.addAll(ready.rows());
            from = at + mark.length();
            shift += own.length() - mark.length();
            marks.add(from);
            moved.add(shift);
        }
        return new Rendered(all.append(text, from, text.toString().length()).whole(), rows, marks, moved);
    }

    /// The rows of pictures, in order.
    ///
    /// @throws PictureException if a picture cannot be used
    public List<Input.Rows> rows(List<? extends Visual> pictures) {
        return pictures.stream().flatMap(picture -> ready(picture).rows().stream()).toList();
    }

    private Ready ready(Visual picture) {
        synchronized (kept) {
            Ready known = kept.get(picture.hash());
            if (known != null) {
                return known;
            }
        }
        Ready made;
        try {
            PreparedPicture prepared = switch (picture) {
                case Picture still -> processor().prepare(still.pixels());
                case Film film -> processor().prepareFilm(film.frames().stream().map(Picture::pixels).toList(),
                        film.seconds());
            };
            List<Input.Rows> rows = tower.isPresent() ? prepared.rows(tower.get(), 0) : List.of(rows(prepared));
            made = new Ready(prepared.text(), picture instanceof Film film ? spaced(rows, film) : rows);
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

    /// Qwen2.5-VL and the Omni models count the positions of frames by their time.
    private List<Input.Rows> spaced(List<Input.Rows> rows, Film film) throws CheckpointException {
        Config whole = Config.readIfPresent(Folders.ofModel(path).resolve("config.json"));
        Config config = whole.child("thinker_config", Map.of());
        config = config.has("vision_config") ? config : whole;
        Config vision = config.child("vision_config", Map.of());
        double rate = config.real("position_id_per_seconds", vision.real("tokens_per_second", 0));
        if (rate == 0 || film.frames().size() < 2) {
            return rows;
        }
        double step = (film.seconds().getLast() - film.seconds().getFirst()) / (film.frames().size() - 1)
                * vision.positive("temporal_patch_size", 2) * rate;
        return rows.stream().map(row -> row.spaced(step)).toList();
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

    /// The token in whose places the rows are.
    public int placeholder() {
        try {
            return tower.isPresent() ? tower.get().placeholder() : tokens().placeholder();
        } catch (CheckpointException e) {
            throw new PictureException(path.toString(), e.getMessage());
        }
    }

    private synchronized PictureProcessor processor() {
        if (processor == null) {
            try {
                Path folder = Folders.ofModel(path);
                processor = MmprojSettings.find(engine.model().checkpoint(), folder).orElseThrow(() ->
                        new PictureException(folder.toString(), "has no " + PictureProcessor.files()
                                + ", which says how the model reads pictures"));
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
        Input own = areHeard() ? sounds.expanded(rest, rows) : Input.expanded(rest, placeholder(), rows);
        int[] all = Arrays.copyOf(ids, before + own.ids().length);
        System.arraycopy(own.ids(), 0, all, before, own.ids().length);
        return new Input(all, own.embedded().stream().map(e -> new Input.Embedded(before + e.start(), e.rows()))
                .toList());
    }
}
