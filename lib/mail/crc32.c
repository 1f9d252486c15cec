/*
 * crc32.c - CRC-32 as in zlib, eight bytes a step
 *
 * The index checks every line that it shows, so this runs over some 20 KB for each list page: with one table it would
 * be the most expensive part of it. The tables are made by the compiler out of 64 constants: a CRC is linear, entry i
 * of table k is the exclusive or of the entries of i's bits, and those are the remainders of x^n modulo the polynomial
 * 0xedb88320 (reflected, ITU-T V.42).
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/crc32.h"

#include <endian.h>
#include <string.h>

#define BIT(i, b, v) ((i) >> (b)&1 ? (v) : 0u)
#define MIX(i, a, b, c, d, e, f, g, h)                                                             \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
	    BIT(i, 6, g) ^ BIT(i, 7, h))

/* clang-format off */
#define T0(i) MIX(i, 0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320)
#define T1(i) MIX(i, 0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b)
#define T2(i) MIX(i, 0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80)
#define T3(i) MIX(i, 0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b)
#define T4(i) MIX(i, 0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092)
#define T5(i) MIX(i, 0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8)
#define T6(i) MIX(i, 0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2)
#define T7(i) MIX(i, 0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da)

#define ROW4(T, i) T((i)), T((i) + 1u), T((i) + 2u), T((i) + 3u)
#define ROW16(T, i) ROW4(T, i), ROW4(T, (i) + 4u), ROW4(T, (i) + 8u), ROW4(T, (i) + 12u)
#define ROW64(T, i) ROW16(T, i), ROW16(T, (i) + 16u), ROW16(T, (i) + 32u), ROW16(T, (i) + 48u)
#define TABLE(T) { ROW64(T, 0u), ROW64(T, 64u), ROW64(T, 128u), ROW64(T, 192u) }
/* clang-format on */

static const uint32_t table[8][256] = { TABLE(T0), TABLE(T1), TABLE(T2), TABLE(T3), TABLE(T4), TABLE(T5),
	TABLE(T6), TABLE(T7) };

uint32_t
im_crc32(uint32_t crc, const void *data, size_t n)
{
	const unsigned char *p = data;

	crc = ~crc;
	for (; n >= 8; n -= 8, p += 8) {
		uint32_t lo, hi;

		memcpy(&lo, p, 4);
		memcpy(&hi, p + 4, 4);
		lo = le32toh(lo) ^ crc;
		hi = le32toh(hi);
		crc = table[7][lo & 0xff] ^ table[6][lo >> 8 & 0xff] ^ table[5][lo >> 16 & 0xff] ^
		      table[4][lo >> 24] ^ table[3][hi & 0xff] ^ table[2][hi >> 8 & 0xff] ^
		      table[1][hi >> 16 & 0xff] ^ table[0][hi >> 24];
	}
	for (; n > 0; n--, p++)
		crc = table[0][(crc ^ *p) & 0xff] ^ crc >> 8;
	return ~crc;
}
