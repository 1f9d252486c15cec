/*
 * crc32.h - CRC-32 (ITU-T V.42, as in zlib and gzip)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CRC32_H
#define IM_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* im_crc32 - crc of n more bytes; begin with 0. im_crc32(0, "123456789", 9) == 0xcbf43926 */
uint32_t im_crc32(uint32_t crc, const void *data, size_t n);

#endif
