package glia.model.picture;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import glia.io.picture.Resize;
import glia.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Prepares pictures for a model: resizes, cuts, normalizes, and says what stands for a picture in a prompt. Equal to
/// the processors of Transformers with torchvision. Any number of threads may use it.
public abstract class PictureProcessor {
    static final String PLACE = String.valueOf(PreparedPicture.PLACE);
    private static final String FILE = "preprocessor_config.json";
    private static final String TOKENS_FILE = "processor_config.json";
    private static final String FILMS_FILE = "video_preprocessor_config.json";

    /// The settings of the pictures.
    final Config config;
    /// The settings of the prompt.
    final Config processor;
    final PixelValues values;
    private final String mark;
    /// The settings of films.
    private Config film;

    /// @param mark the token for a picture in chat templates, if the settings name none
    PictureProcessor(Config config, Config processor, String mark) throws CheckpointException {
        this.config = config;
        this.processor = processor;
        this.mark = mark;
        values = PixelValues.of(config);
        film = config;
    }

    Config film() {
        return film;
    }

    /// The settings of the pictures, those of `preprocessor_config.json`.
    public Config settings() {
        return config;
    }

    /// The settings of the prompt, those of `processor_config.json`.
    public Config promptSettings() {
        return processor;
    }

    /// The text for a film in a chat template, which [PreparedPicture#text] replaces.
    public String filmMark() throws CheckpointException {
        return mark;
    }

    /// The processor of a model's folder; empty if it has no file of settings.
    ///
    /// @throws CheckpointException if the settings are wrong or of an unknown processor
    public static Optional<PictureProcessor> find(Path folder) throws CheckpointException {
        Path file = folder.resolve(FILE);
        Path tokens = folder.resolve(TOKENS_FILE);
        Config processor = Config.readIfPresent(tokens);
        Path films = folder.resolve(FILMS_FILE);
        Optional<PictureProcessor> found = processor.has("image_processor")
                ? Optional.of(of(processor.child("image_processor"), processor))
                : Files.exists(file) ? Optional.of(of(Config.read(file), processor)) : Optional.empty();
        if (found.isPresent()) {
            found.get().film = processor.has("video_processor") ? processor.child("video_processor")
                    : Files.exists(films) ? Config.read(films) : found.get().config;
        }
        return found;
    }

    /// The same with the settings of films, those of `video_preprocessor_config.json`.
    public PictureProcessor withFilms(Config settings) {
        film = settings;
        return this;
    }

    /// The processor of settings.
    ///
    /// @param config of `preprocessor_config.json`
    /// @param processor of `processor_config.json`, which may be empty
    /// @throws CheckpointException if the settings are wrong or of an unknown processor
    public static PictureProcessor of(Config config, Config processor) throws CheckpointException {
        String type = config.text("image_processor_type", config.text("feature_extractor_type", ""))
                .replaceAll("(ImageProcessor|FeatureExtractor)(Fast|Pil)?$", "");
        return switch (type) {
            case "CLIP", "Siglip", "ViT", "Bit", "Chameleon" -> new WholePictures.Plain(config, processor);
            case "Gemma3" -> new WholePictures.Gemma3(config, processor);
            case "Pixtral" -> new WholePictures.Pixtral(config, processor);
            case "Janus" -> new WholePictures.Janus(config, processor);
            case "Emu3" -> new WholePictures.Emu3(config, processor);
            case "LlavaNext" -> new TiledPictures.LlavaNext(config, processor);
            case "SmolVLM", "Idefics3" -> new TiledPictures.SmolVlm(config, processor);
            case "GotOcr2" -> new TiledPictures.InternVl(config, processor);
            case "Llama4" -> new TiledPictures.Llama4(config, processor);
            case "Qwen2VL", "Qwen2_5_VL", "Qwen3VL", "MiniMaxM3VL", "Glm4v", "Glm46V" ->
                    new PatchedPictures.Squares(config, processor, type);
            case "Kimi_K25" -> new PatchedPictures.Kimi(config, processor);
            case "Gemma4", "Gemma4Unified" -> new PatchedPictures.Gemma4(config, processor, type.endsWith("Unified"));
            default -> throw config.error("image_processor_type", "found '" + type + "', expected that of a known "
                    + "processor, such as CLIPImageProcessor");
        };
    }

    /// The token for a picture in the text of a chat template, which [PreparedPicture#text] replaces.
    public String mark() {
        return mark;
    }

    /// The placeholder of an embedding in a prompt, as the settings name it.
    public String placeholder() throws CheckpointException {
        return processor.text("image_token", mark);
    }

    /// Prepares a picture.
    ///
    /// @throws IllegalArgumentException if the model cannot read pictures of this size
    /// @throws CheckpointException if a setting is wrong
    public abstract PreparedPicture prepare(Pixels picture) throws CheckpointException;

    /// What is before the codes of a picture that the model generates.
    ///
    /// @param rows lines of codes
    public String opening(int rows, int columns) throws CheckpointException {
        return token("image_start_token", "<racm3:break>");
    }

    /// Pixels of numbers as the model wants them: the inverse of their normalization.
    ///
    /// @param planes `[3, height, width]`
    /// @throws IllegalArgumentException if there are not three colours
    public Pixels pixels(Tensor planes) {
        return values.pixels(planes);
    }

    /// The least area of a picture, in pixels, if the settings have one.
    public OptionalInt leastPixels() throws CheckpointException {
        return config.has("min_pixels") ? OptionalInt.of(config.positive("min_pixels")) : OptionalInt.empty();
    }

    /// Prepares the frames of a film.
    ///
    /// @param seconds the time of each frame
    /// @throws IllegalArgumentException if the model reads no films
    public PreparedPicture prepareFilm(List<Pixels> frames, List<Double> seconds) throws CheckpointException {
        throw new IllegalArgumentException("the films of this model are not read; give it frames as pictures");
    }

    /// Whether [#prepareFilm] reads films.
    public boolean readsFilms() {
        return false;
    }

    Resize filter() throws CheckpointException {
        try {
            return Resize.of(config.integer("resample", 3));
        } catch (IllegalArgumentException e) {
            throw config.error("resample", e.getMessage());
        }
    }

    /// A side of a square or of a rectangle: a number, or an object with one of these keys.
    int size(String key, String... names) throws CheckpointException {
        if (config.isNumber(key)) {
            return config.positive(key);
        }
        Config sizes = config.child(key);
        for (String name : names) {
            if (sizes.has(name)) {
                return sizes.positive(name);
            }
        }
        throw config.error(key, "found " + sizes.keys() + ", expected " + String.join(" or ", names));
    }

    /// A setting of the prompt.
    String token(String key, String ifAbsent) throws CheckpointException {
        return processor.text(key, ifAbsent);
    }

    /// The files of settings of a folder, for messages.
    public static String files() {
        return FILE + " or " + TOKENS_FILE;
    }

    static IllegalArgumentException tooNarrow(PixelSize picture) {
        return new IllegalArgumentException("has " + picture.width() + " x " + picture.height()
                + " pixels; the model reads pictures of which one side is at most 200 times the other");
    }

    static PixelSize sizeOf(Pixels picture) {
        return new PixelSize(picture.width(), picture.height());
    }

    /// Sizes of pictures.
    record PixelSize(int width, int height) {
        /// The largest size of the same aspect within another one; the second side is rounded up.
        PixelSize within(int wide, int high) {
            double scaleX = (double) wide / width;
            double scaleY = (double) high / height;
            return scaleX < scaleY ? new PixelSize(wide, Math.min((int) Math.ceil(height * scaleX), high))
                    : new PixelSize(Math.min((int) Math.ceil(width * scaleY), wide), high);
        }
    }
}
