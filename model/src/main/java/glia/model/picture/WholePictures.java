package glia.model.picture;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Processors that give the tower whole pictures.
final class WholePictures {
    private WholePictures() { }

    /// Resized to a size, or by the shorter side and cut to the middle: CLIP, SigLIP, Chameleon.
    static class Plain extends PictureProcessor {
        Plain(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<image>"));
        }

        Plain(Config config, Config processor, String mark) throws CheckpointException {
            super(config, processor, mark);
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            Pixels seen = seen(picture);
            int count = count(seen);
            return new PreparedPicture(values.planes(List.of(seen)), List.of(), picture.height(), picture.width(),
                    token("image_start_token", "") + PLACE + token("image_end_token", ""), List.of(count));
        }

        private int count(Pixels seen) throws CheckpointException {
            if (processor.has("image_seq_length") && !processor.has("patch_size")) {
                return processor.positive("image_seq_length");
            }
            int patch = processor.positive("patch_size", config.positive("patch_size", 14));
            boolean isDefault = processor.text("vision_feature_select_strategy", "default").equals("default");
            return seen.width() / patch * (seen.height() / patch)
                    + processor.integer("num_additional_image_tokens", isDefault ? 1 : 0) - (isDefault ? 1 : 0);
        }

        Pixels seen(Pixels picture) throws CheckpointException {
            Pixels seen = picture;
            if (config.flag("do_resize", true)) {
                seen = config.isObject("size") && config.child("size").has("height")
                        ? seen.resized(size("size", "width"), size("size", "height"), filter())
                        : shortest(seen, size("size", "shortest_edge"));
            }
            if (config.flag("do_center_crop", false)) {
                int width = size("crop_size", "width");
                int height = size("crop_size", "height");
                seen = seen.cropped((seen.width() - width) / 2, (seen.height() - height) / 2, width, height);
            }
            return seen;
        }

        private Pixels shortest(Pixels picture, int side) throws CheckpointException {
            int width = picture.width();
            int height = picture.height();
            return width <= height ? picture.resized(side, (int) ((double) side * height / width), filter())
                    : picture.resized((int) ((double) side * width / height), side, filter());
        }
    }

    /// With crops of long pictures, if the settings say so ("pan and scan").
    static final class Gemma3 extends Plain {
        Gemma3(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("boi_token", "<start_of_image>"));
        }

        @Override
        public String placeholder() throws CheckpointException {
            return token("image_token", "<image_soft_token>");
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            List<Pixels> crops = crops(picture);
            List<Pixels> all = new ArrayList<>(List.of(seen(picture)));
            for (Pixels crop : crops) {
                all.add(seen(crop));
            }
            String one = "\n\n" + mark() + PLACE + token("eoi_token", "<end_of_image>") + "\n\n";
            String text = crops.isEmpty() ? one : "Here is the original image " + one + " and here are some crops to "
                    + "help you see better " + String.join(" ", Collections.nCopies(crops.size(), one));
            int each = processor.positive("image_seq_length", config.positive("image_seq_length", 256));
            return new PreparedPicture(values.planes(all), List.of(), picture.height(), picture.width(), text,
                    Collections.nCopies(all.size(), each));
        }

        private List<Pixels> crops(Pixels picture) throws CheckpointException {
            int longer = Math.max(picture.width(), picture.height());
            int shorter = Math.min(picture.width(), picture.height());
            if (!config.flag("do_pan_and_scan", false)
                    || (double) longer / shorter < config.real("pan_and_scan_min_ratio_to_activate", 1.2)) {
                return List.of();
            }
            int least = config.positive("pan_and_scan_min_crop_size", 256);
            int count = Math.min(longer / least, (int) ((double) longer / shorter + 0.5));
            count = Math.min(config.positive("pan_and_scan_max_num_crops", 4), Math.max(2, count));
            int each = (longer + count - 1) / count;
            List<Pixels> crops = new ArrayList<>();
            for (int i = 0; i < count && Math.min(each, shorter) >= least && i * each < longer; i++) {
                int size = Math.min(each, longer - i * each);
                crops.add(picture.width() >= picture.height() ? picture.cropped(i * each, 0, size, shorter)
                        : picture.cropped(0, i * each, shorter, size));
            }
            return crops;
        }
    }

    /// Sides of whole patches, at most a longest side; each line of patches ends with a token.
    static final class Pixtral extends PictureProcessor {
        Pixtral(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "[IMG]"));
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int patch = size("patch_size", "height") * processor.positive("spatial_merge_size", 1);
            int most = size("size", "longest_edge", "height");
            double ratio = Math.max(1, Math.max((double) picture.height() / most, (double) picture.width() / most));
            int rows = (Math.max(1, (int) Math.floor(picture.height() / ratio)) - 1) / patch + 1;
            int columns = (Math.max(1, (int) Math.floor(picture.width() / ratio)) - 1) / patch + 1;
            Pixels seen = picture.resized(columns * patch, rows * patch, filter());
            String text = String.join(token("image_break_token", "[IMG_BREAK]"), Collections.nCopies(rows, PLACE))
                    + token("image_end_token", "[IMG_END]");
            return new PreparedPicture(values.planes(List.of(seen)), List.of(), seen.height(), seen.width(), text,
                    Collections.nCopies(rows, columns));
        }
    }

    /// Resized by the longer side, in the middle of a square.
    static final class Janus extends PictureProcessor {
        Janus(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<image_placeholder>"));
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int side = size("size", "height");
            int least = config.positive("min_size", 14);
            double scale = (double) side / Math.max(picture.width(), picture.height());
            Pixels seen = picture.resized(Math.max((int) Math.rint(picture.width() * scale), least),
                    Math.max((int) Math.rint(picture.height() * scale), least), filter());
            int[] gray = config.has("background_color") ? config.integers("background_color")
                    : new int[] {127, 127, 127};
            int all = Math.max(seen.width(), seen.height());
            Pixels square = Pixels.filled(all, all, gray[0], gray[1], gray[2])
                    .with(seen, (all - seen.width()) / 2, (all - seen.height()) / 2);
            return new PreparedPicture(values.planes(List.of(square)), List.of(), side, side,
                    opening(1, 1) + PLACE + token("image_end_token", "<end_of_image>"),
                    List.of(processor.positive("num_image_tokens", 576)));
        }

        @Override
        public String opening(int rows, int columns) throws CheckpointException {
            return token("image_start_token", "<begin_of_image>");
        }
    }

    /// Resized to a range of areas; the tokens are those of the codes of the picture, a line end after each line.
    static final class Emu3 extends PictureProcessor {
        Emu3(Config config, Config processor) throws CheckpointException {
            super(config, processor, processor.text("image_token", "<image>"));
        }

        @Override
        public PreparedPicture prepare(Pixels picture) throws CheckpointException {
            int factor = config.positive("spatial_factor", 8);
            PixelSize size = PatchedPictures.fitted(sizeOf(picture), 1, 1, factor,
                    config.positive("min_pixels", 512 * 512), config.positive("max_pixels", 1024 * 1024));
            Pixels seen = picture.resized(size.width(), size.height(), filter());
            int rows = size.height() / factor;
            int columns = size.width() / factor;
            return new PreparedPicture(values.planes(List.of(seen)), List.of(), seen.height(), seen.width(),
                    opening(rows, columns) + PLACE
                            + token("eof_token", "<|extra_201|>") + token("image_end_token", "<|image end|>"),
                    List.of(rows * (columns + 1)));
        }

        @Override
        public String opening(int rows, int columns) throws CheckpointException {
            return token("image_start_token", "<|image start|>") + rows + "*" + columns
                    + token("fake_token_around_image", "<|image token|>");
        }
    }
}
