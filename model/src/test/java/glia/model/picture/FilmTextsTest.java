package glia.model.picture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What stands for a film in a prompt, and how many placeholders it takes.
class FilmTextsTest {
    private static PictureProcessor processor(String type, Map<String, Object> more, Map<String, Object> prompt)
            throws CheckpointException {
        Config config = Config.of(Path.of("preprocessor_config.json"), more).with("image_processor_type", type)
                .with("image_mean", List.of(0.5, 0.5, 0.5)).with("image_std", List.of(0.5, 0.5, 0.5));
        return PictureProcessor.of(config, Config.of(Path.of("processor_config.json"), prompt));
    }

    private static PreparedPicture film(PictureProcessor processor, int frames) throws CheckpointException {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            seconds.add(35 * i * 0.5);
        }
        return processor.prepareFilm(Collections.nCopies(frames, Pixels.filled(64, 48, 10, 20, 30)), seconds);
    }

    private static String text(PreparedPicture film) {
        return film.text().replace(PreparedPicture.PLACE, '#');
    }

    @Test
    void smolVlmNamesTheTimeOfEachFrame() throws CheckpointException {
        PictureProcessor processor = processor("SmolVLMImageProcessor", Map.of("size", Map.of("longest_edge", 64),
                "max_image_size", Map.of("longest_edge", 32)), Map.of("image_seq_len", 4));
        PreparedPicture film = film(processor, 5);
        assertEquals("<video>", processor.filmMark());
        assertEquals(20, film.numPlaceholders());
        String each = "<fake_token_around_image><global-img>#<fake_token_around_image>";
        assertEquals("You are provided the following series of five frames from a 0:01:10 [H:MM:SS] video.\n"
                + "\nFrame from 00:00:" + each + "\nFrame from 00:17:" + each + "\nFrame from 00:35:" + each
                + "\nFrame from 00:52:" + each + "\nFrame from 01:10:" + each + "\n\n", text(film));
        assertEquals("sixty-four", TiledPictures.SmolVlm.inWords(64));
        assertEquals("twenty", TiledPictures.SmolVlm.inWords(20));
        assertEquals("one hundred and seven", TiledPictures.SmolVlm.inWords(107));
    }

    @Test
    void internVlNumbersTheFrames() throws CheckpointException {
        PictureProcessor processor = processor("GotOcr2ImageProcessor", Map.of("size", Map.of("height", 32, "width",
                32)), Map.of("image_seq_length", 4));
        PreparedPicture film = film(processor, 2);
        assertEquals(8, film.numPlaceholders());
        assertEquals("Frame1: <img>#</img>\nFrame2: <img>#</img>", text(film));
    }

    /// Two frames are one step of time, with the second of its first frame.
    @Test
    void glmNamesTheSecondAfterEachStep() throws CheckpointException {
        PictureProcessor processor = processor("Glm4vImageProcessor", Map.of("patch_size", 4, "merge_size", 2,
                "size", Map.of("shortest_edge", 64, "longest_edge", 1 << 20)), Map.of());
        PreparedPicture film = film(processor, 4);
        assertEquals("<|video|>", processor.filmMark());
        assertEquals("<|begin_of_image|>#<|end_of_image|>0<|begin_of_image|>#<|end_of_image|>35", text(film));
        assertEquals(List.of(2, 12, 16), film.grid());
        assertEquals(2 * 6 * 8, film.numPlaceholders());
    }

    /// Frames are pictures of at most 70 rows. Without an encoder a square of 3 x 3 patches is one.
    @Test
    void gemmaNamesTheTimeOfEachFrame() throws CheckpointException {
        for (String type : List.of("Gemma4ImageProcessor", "Gemma4UnifiedImageProcessor")) {
            PictureProcessor processor = processor(type, Map.of("patch_size", 4, "pooling_kernel_size", 3), Map.of());
            PreparedPicture film = film(processor, 3);
            assertEquals("<|video|>", processor.filmMark());
            assertEquals("00:00 <|image>#<image|> 00:17 <|image>#<image|> 00:35 <|image>#<image|>", text(film));
            boolean isUnified = type.contains("Unified");
            assertEquals(isUnified ? List.of(3, 7, 9) : List.of(3, 21, 27), film.grid());
            assertEquals(3 * 7 * 9, film.numPlaceholders());
            assertEquals(List.of(isUnified ? 3 * 7 * 9 : 3 * 21 * 27, isUnified ? 3 * 144 : 3 * 16),
                    List.of(film.pixels().rows(), film.pixels().cols()));
        }
    }

    @Test
    void miniMaxNamesTheTimeBeforeEachStep() throws CheckpointException {
        PictureProcessor processor = processor("MiniMaxM3VLImageProcessor", Map.of("patch_size", 4, "merge_size", 2,
                "min_pixels", 64, "max_pixels", 1024), Map.of());
        PreparedPicture film = film(processor, 3);
        assertEquals("]<]video[>[", processor.filmMark());
        String each = "]<]start of image[>[#]<]end of image[>[";
        assertEquals("]<]0.0 seconds[>[" + each + "]<]35.0 seconds[>[" + each, text(film));
        assertEquals(List.of(2, 14, 18), film.grid());
        assertEquals(4, film.together());
    }

    @Test
    void otherModelsReadNoFilms() throws CheckpointException {
        assertFalse(processor("Gemma3ImageProcessor", Map.of("size", Map.of("height", 32, "width", 32)), Map.of())
                .readsFilms());
    }
}
