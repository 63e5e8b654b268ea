/// Processors: from pictures to what a model's tower reads, as `preprocessor_config.json` says.
///
/// Begin with [PictureProcessor].
package glia.model.picture;
