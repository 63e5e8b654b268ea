/// Vector-quantized autoencoders: pictures to codes, and codes to pictures.
///
/// Begin with [PictureCodec].
package glia.model.codec;
